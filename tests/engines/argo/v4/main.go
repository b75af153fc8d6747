// Command argo-lint-v4 judges manifests by the validation of Argo Workflows 4.
package main

import (
	"context"
	"fmt"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v4/util/logging"
	"github.com/argoproj/argo-workflows/v4/workflow/common"
	"github.com/argoproj/argo-workflows/v4/workflow/templateresolution"
	"github.com/argoproj/argo-workflows/v4/workflow/validate"

	"pipec.test/lint"
)

type namespace map[string]*wfv1.WorkflowTemplate

func (n namespace) Get(_ context.Context, name string) (*wfv1.WorkflowTemplate, error) {
	if template, ok := n[name]; ok {
		return template, nil
	}
	return nil, fmt.Errorf("no WorkflowTemplate %q among the given files", name)
}

type cluster map[string]*wfv1.ClusterWorkflowTemplate

func (c cluster) Get(_ context.Context, name string) (*wfv1.ClusterWorkflowTemplate, error) {
	if template, ok := c[name]; ok {
		return template, nil
	}
	return nil, fmt.Errorf("no ClusterWorkflowTemplate %q among the given files", name)
}

type version struct {
	ctx        context.Context
	namespaces map[string]namespace
	cluster    cluster
}

func (v *version) Module() string { return "github.com/argoproj/argo-workflows/v4" }

func (v *version) Decode(document []byte) lint.Object {
	// Argo drops a document with a repeated key without a word; here it is a fault.
	if _, err := yaml.YAMLToJSONStrict(document); err != nil {
		return lint.Object{Err: err}
	}
	var head metav1.TypeMeta
	if err := yaml.Unmarshal(document, &head); err != nil {
		return lint.Object{Err: err}
	}
	object := lint.Object{Kind: head.Kind}
	for _, parsed := range common.ParseObjects(v.ctx, document, true) {
		object.Err = parsed.Err
		if parsed.Object != nil {
			object.Name, object.Namespace = parsed.Object.GetName(), parsed.Object.GetNamespace()
		}
		switch parsed.Object.(type) {
		case *wfv1.Workflow, *wfv1.WorkflowTemplate, *wfv1.ClusterWorkflowTemplate, *wfv1.CronWorkflow:
			object.Value = parsed.Object
			if object.Err == nil && head.APIVersion != lint.Group {
				object.Err = fmt.Errorf("apiVersion is %q, not %q", head.APIVersion, lint.Group)
			}
		default:
			object.Err = nil // Argo decodes foreign kinds as bare metadata, which fails on every other field.
		}
	}
	return object
}

func (v *version) Remember(object lint.Object) error {
	switch value := object.Value.(type) {
	case *wfv1.WorkflowTemplate:
		if v.namespace(object)[object.Name] != nil {
			return fmt.Errorf("a second WorkflowTemplate %q", object.Name)
		}
		v.namespace(object)[object.Name] = value
	case *wfv1.ClusterWorkflowTemplate:
		if v.cluster[object.Name] != nil {
			return fmt.Errorf("a second ClusterWorkflowTemplate %q", object.Name)
		}
		v.cluster[object.Name] = value
	}
	return nil
}

func (v *version) Validate(object lint.Object) error {
	var templates templateresolution.WorkflowTemplateNamespacedGetter = v.namespace(object)
	options := validate.ValidateOpts{Lint: true}
	switch value := object.Value.(type) {
	case *wfv1.Workflow:
		return validate.ValidateWorkflow(v.ctx, templates, v.cluster, value, nil, options)
	case *wfv1.WorkflowTemplate:
		return validate.ValidateWorkflowTemplate(v.ctx, templates, v.cluster, value, nil, options)
	case *wfv1.ClusterWorkflowTemplate:
		return validate.ValidateClusterWorkflowTemplate(v.ctx, templates, v.cluster, value, nil, options)
	case *wfv1.CronWorkflow:
		return validate.ValidateCronWorkflow(v.ctx, templates, v.cluster, value, nil)
	}
	return fmt.Errorf("no validation for %T", object.Value)
}

func (v *version) namespace(object lint.Object) namespace {
	if v.namespaces[object.Namespace] == nil {
		v.namespaces[object.Namespace] = namespace{}
	}
	return v.namespaces[object.Namespace]
}

func main() {
	logger := logging.NewSlogLoggerCustom(logging.Error, logging.JSON, os.Stderr)
	ctx := logging.WithLogger(context.Background(), logger)
	lint.Main(&version{ctx: ctx, namespaces: map[string]namespace{}, cluster: cluster{}})
}
