"""Runs the command line under an audit hook and writes what the hook saw, as JSON, to the file named first."""

import json
import sys
from pathlib import Path

seen = []


def watch(event, arguments):
    if event == "import":
        seen.append([event, str(arguments[0]), str(arguments[1])])
    elif event == "open":
        seen.append([event, str(arguments[0]), str(arguments[1])])
    elif event == "exec":
        seen.append([event, getattr(arguments[0], "co_filename", ""), getattr(arguments[0], "co_name", "")])
    elif event == "compile":
        seen.append([event, str(arguments[1]), ""])
    elif event.partition(".")[0] in {"subprocess", "socket", "shutil"} or event in {"os.system", "os.exec", "os.fork", "os.posix_spawn"}:
        seen.append([event, "", ""])


result = Path(sys.argv[1])
from pipec.compiler.cli import main

sys.addaudithook(watch)
status = main(sys.argv[2:])
found = list(seen)
result.write_text(json.dumps(found), encoding="utf-8")
sys.exit(status)
