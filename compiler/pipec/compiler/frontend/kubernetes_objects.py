"""`kubernetes.client.V1Toleration(…)` and its kin as the tables of a manifest. The package is neither needed nor imported.

Before:   V1Affinity(node_affinity=V1NodeAffinity(required_during_scheduling_ignored_during_execution=…))
After:    {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": …}}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.placed import table_of
from pipec.compiler.frontend.values import Fault, Setting, Unknown

if TYPE_CHECKING:
    from pipec.compiler.frontend.calls import Arguments
    from pipec.compiler.source import Span

_SPELLINGS = {
    "api_version": "apiVersion", "cluster_ip": "clusterIP", "cluster_i_ps": "clusterIPs", "disk_uri": "diskURI",
    "external_i_ps": "externalIPs", "host_i_ps": "hostIPs", "host_ip": "hostIP", "host_ipc": "hostIPC",
    "host_pid": "hostPID", "pd_id": "pdID", "pod_i_ps": "podIPs", "pod_ip": "podIP", "scale_io": "scaleIO",
    "set_hostname_as_fqdn": "setHostnameAsFQDN", "storage_policy_id": "storagePolicyID", "target_ww_ns": "targetWWNs",
    "volume_id": "volumeID", "_from": "from", "_continue": "continue", "_except": "except",
}  # fmt: skip
"""Names of the client's fields that are not the manifest's by the rule of capitals."""


def manifest_key(name: str) -> str:
    """The name that a field of the client has in a manifest: `mount_path` is `mountPath`."""
    if name in _SPELLINGS:
        return _SPELLINGS[name]
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def fold(path: str, arguments: Arguments, span: Span) -> Any:
    """The manifest that a call of the client's model stands for.

    Raises:
        Fault: it is given values by position, whose names only the client knows.
    """
    name = path.rpartition(".")[2]
    if not name.startswith("V1"):
        message = f"`{path}` speaks to a cluster, and there is none at compile time"
        return Unknown(Diagnostic("PC0213", message, span, help="do it inside a step"))
    if arguments.positional:
        message = f"`{name}` is given a value without its name"
        raise Fault(Diagnostic("PC0502", message, arguments.positional[0].span, help="name every field"))
    entries = {
        manifest_key(key): Setting(one.value, one.span, one.keyword)
        for key, one in arguments.keywords.items()
        if one.value is not None
    }
    return table_of(entries)
