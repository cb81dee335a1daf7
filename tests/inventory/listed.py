"""A few inventories, and what ansible-inventory lists of one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

VAULTED = "$ANSIBLE_VAULT;1.1;AES256\n33323130\n"
SCRIPT = """#!/bin/sh
cat <<'END'
{"web": {"hosts": ["B", "a"], "vars": {"x": [1, null, {"y": true}]}, "children": ["inner"]},
 "inner": {"hosts": ["c"], "vars": {"ansible_group_priority": 5}}, "empty": {"hosts": []},
 "_meta": {"hostvars": {"a": {"ansible_host": "10.0.0.1"}, "B": {"token": "s3cret"}}}}
END
"""
# {what it is: {file: text}}; the first is the inventory ("." for the folder itself).
INVENTORIES: dict[str, dict[str, str]] = {
    "INI with ranges, children and types": {
        "hosts": """
lonely ansible_host=10.0.0.9
[app]
web[01:03].lan ansible_host=10.0.0.1
node-[a:c] ansible_port=2201
step[0:6:3]
with_port:2222
[app:vars]
quoted="a b # no comment"
boolish=yes
truth=True
octal=0644
floaty=1.10
exponent=1e3
empty=
listed=['a', 'b', {'c': 1}]
nested={"x": {"y": [1, 2]}}
big=123456789012345678901234567890
template={{ inventory_hostname }}-x
path=C:\\temp\\new
[standby]
[balancers:children]
standby
[eu:children]
app
[eu:vars]
region=eu
db_password=hunter2
[world:children]
eu
balancers
"""
    },
    "YAML with odd values and names": {
        "hosts.yml": """
all:
  vars: {ntp: pool, ansible_user: deploy}
  hosts:
    Typed-1:
      ansible_host: !unsafe 10.0.0.1
      day: 2024-02-29
      version: 1.10
      text: "1.10"
      infinite: .inf
      none: null
      several: "line one\\n  line two\\n"
      raw: !unsafe "{{ no template }}"
      template: "{{ version }}-{{ inventory_hostname }}"
      emoji: "👩‍👩‍👧"
      limits: {min: 18446744073709551615, max: 36893488147419103232}
    "2001:db8::10": {}
    "::1": {ansible_port: 22}
    UPPER: {}
    upper: {}
    büro: {ansible_host: "[2001:db8::5]"}
    with space: {ansible_connection: winrm}
  children:
    UPPER_GROUP: {hosts: {upper: }}
    upper_group: {hosts: {UPPER: }}
    group with space: {hosts: {büro: }, vars: {ansible_group_priority: 20, a: 1}}
    eu.west-1: {hosts: {büro: }, vars: {a: 2}}
    empty:
    deep: {children: {deeper: {hosts: {upper: {own: 1}}, vars: {d: 1}}}, vars: {d: 0}}
    also: {children: {deeper: }}
"""
    },
    "a folder with variables in files": {
        ".": "",
        "a.ini": "[web]\nzo1\nao2 here=ini\n[web:vars]\nfrom=ini\nonly_ini=1\n",
        "b.yml": "db: {hosts: {mo3: {}}, vars: {from: yaml}}\n",
        "group_vars/all/10-first.yml": "from: all\nsecret_key: abcdef\nwhen: 2024-01-01\n",
        "group_vars/all/20-second.yml": "second: {deep: [1, 2]}\n",
        "group_vars/web": "from: file\nansible_ssh_pass: hunter2\n",
        "group_vars/db.json": '{"j": 1.5}',
        "host_vars/ao2.yml": "here: file\n",
    },
    "variables beside a file": {
        "hosts": "[web]\nweb1 ansible_host=10.0.0.1\n[web:vars]\nport=80\n",
        "group_vars/web.yml": "port: 8080\n",
        "group_vars/ungrouped.yml": "u: 1\n",
        "host_vars/web1/a.yml": "one: 1\n",
        "host_vars/web1/b.yml": "two: 2\n",
    },
    "a script": {"inventory.sh": SCRIPT},
    "constructed groups": {
        ".": "",
        "10-hosts.ini": "web1 role=web\ndb1 role=db\n",
        "20-constructed.yml": "plugin: constructed\nkeyed_groups: [{key: role, prefix: is}]\n"
        "compose: {upper_role: role | upper}\n",
    },
    "vaulted values": {
        "hosts.yml": "all: {hosts: {web1: {plain: 1}}}\n",
        "group_vars/all.yml": "note: !vault |\n  " + VAULTED.replace("\n", "\n  ").strip() + "\n",
    },
    "secret-sounding names": {
        "hosts.yml": "all: {hosts: {s1: {token_ttl: 3600, password_authentication: 'no', "
        "ansible_become_password: '{{ vault_become }}', nginx: {auth: {token_header: X}}, "
        "api_key: [a, 1], db: {password: 5}}}}\n"
    },
}


def laid_out(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        if name != ".":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755 if text.startswith("#!") else 0o644)
    return folder / next(iter(files))


def seen_by_ansible(path: Path, *arguments: str, **environ: str) -> dict[str, Any]:
    """What ansible-inventory --list prints."""
    config = path.parent / "empty.cfg"
    config.touch()
    environment = {
        **{"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "ANSIBLE_CONFIG": str(config)},
        "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS": "ignore",
        "HOME": os.environ.get("HOME", "/"),
        **environ,
    }
    program = str(Path(sys.executable).with_name("ansible-inventory"))
    done = subprocess.run(
        [program, "-i", str(path), "--list", *arguments],
        cwd=path if path.is_dir() else path.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def members(listing: dict[str, Any]) -> dict[str, Any]:
    """{group: its hosts in order, and its children}; whichever of them have any."""
    shown = {
        name: (told.get("hosts", []), sorted(told.get("children", [])))
        for name, told in listing.items()
        if name not in ("_meta", "all")
    }
    return {name: told for name, told in shown.items() if any(told)}
