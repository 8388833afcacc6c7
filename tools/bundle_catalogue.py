#!/usr/bin/env python3
"""bundle_catalogue.py OUT FILE...: the catalogue's files as one JSON object, name to content, as the
command embeds it."""
import json
import pathlib
import sys

out, *names = sys.argv[1:]
bundle = {pathlib.Path(name).name: json.loads(pathlib.Path(name).read_text(encoding="utf-8"))
          for name in sorted(names)}
pathlib.Path(out).write_text(json.dumps(bundle, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
