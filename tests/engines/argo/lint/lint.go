// Package lint does what `argo lint --offline --strict` does, without a cluster and without the argo command line (which cannot be
// installed from its module: it embeds a built user interface). It knows no Argo version: each Version links one release line.
//
// It is stricter than argo in two ways, since it judges generated files: a document of an unknown kind and a file without any
// document are errors. ConfigMaps, which travel beside the templates, are skipped.
package lint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/debug"
	"strings"
)

// Group is the only apiVersion that Argo's kinds have.
const Group = "argoproj.io/v1alpha1"

// Object is one decoded manifest. Value is the typed object of the Argo release; Err is what strict decoding found.
type Object struct {
	Kind      string
	Name      string
	Namespace string
	Value     any
	Err       error
}

// Version is one release line of Argo Workflows.
type Version interface {
	// Module is the module path, whose version is reported.
	Module() string
	// Decode reads one YAML document strictly: unknown and duplicate fields are errors.
	Decode(document []byte) Object
	// Remember makes a template visible to the references of all objects.
	Remember(object Object) error
	// Validate calls the release's own validation as lint does.
	Validate(object Object) error
}

// Result is the verdict on one document. Document counts from 1 within its file.
type Result struct {
	File     string   `json:"file"`
	Document int      `json:"document"`
	Kind     string   `json:"kind,omitempty"`
	Name     string   `json:"name,omitempty"`
	Skipped  bool     `json:"skipped,omitempty"`
	Errors   []string `json:"errors"`
}

// Report is the whole output.
type Report struct {
	Argo    string   `json:"argo"`
	Valid   bool     `json:"valid"`
	Results []Result `json:"results"`
}

type entry struct {
	result Result
	object *Object
}

// Argo itself splits at this, so a `---` inside an indented block scalar does not count.
var separator = regexp.MustCompile(`(?m)^---`)

// Main lints the files named in the arguments and exits with 1 if anything is wrong, 2 on wrong usage.
func Main(version Version) {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: lint FILE...")
		os.Exit(2)
	}
	report := Lint(version, os.Args[1:])
	if err := write(os.Stdout, report); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if !report.Valid {
		os.Exit(1)
	}
}

// Lint decodes all files before it validates any, because a template may refer to one in a later file.
func Lint(version Version, files []string) Report {
	var entries []*entry
	for _, file := range files {
		entries = append(entries, load(version, file)...)
	}
	report := Report{Argo: version.Module() + " " + release(version.Module()), Valid: true}
	for _, each := range entries {
		if each.object != nil && each.object.Err == nil {
			if err := version.Validate(*each.object); err != nil {
				each.result.Errors = append(each.result.Errors, err.Error())
			}
		}
		report.Valid = report.Valid && len(each.result.Errors) == 0
		report.Results = append(report.Results, each.result)
	}
	return report
}

func load(version Version, file string) []*entry {
	data, err := os.ReadFile(file)
	if err != nil {
		return []*entry{{result: Result{File: file, Errors: []string{err.Error()}}}}
	}
	var entries []*entry
	for _, document := range separator.Split(string(data), -1) {
		if isBlank(document) {
			continue
		}
		entries = append(entries, decode(version, file, len(entries)+1, []byte(document)))
	}
	if len(entries) == 0 {
		return []*entry{{result: Result{File: file, Errors: []string{"no document in this file"}}}}
	}
	return entries
}

func decode(version Version, file string, number int, document []byte) *entry {
	object := version.Decode(document)
	result := Result{File: file, Document: number, Kind: object.Kind, Name: object.Name, Errors: []string{}}
	if object.Err != nil {
		result.Errors = append(result.Errors, object.Err.Error())
		return &entry{result: result}
	}
	if object.Kind == "ConfigMap" {
		result.Skipped = true
		return &entry{result: result}
	}
	if object.Value == nil {
		result.Errors = append(result.Errors, fmt.Sprintf("kind %q is not one that lint knows", object.Kind))
		return &entry{result: result}
	}
	if err := version.Remember(object); err != nil {
		result.Errors = append(result.Errors, err.Error())
	}
	return &entry{result: result, object: &object}
}

func isBlank(document string) bool {
	for _, line := range strings.Split(document, "\n") {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			return false
		}
	}
	return true
}

func release(module string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, dependency := range info.Deps {
		if dependency.Path == module {
			return dependency.Version
		}
	}
	return "unknown"
}

func write(out io.Writer, report Report) error {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return err
	}
	_, err := out.Write(buffer.Bytes())
	return err
}
