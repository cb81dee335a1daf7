"""Inventories of several files. Each is (files, what is different later, beside the playbook)."""

from .vaulted import FILE, VALUE, in_yaml

PLAIN = {
    "hosts": "[web]\nweb1 ansible_host=10.0.0.1\nweb2\n[web:vars]\nport=80\n[all:vars]\nv=ini\n"
}

SHAPES: dict[str, tuple[dict[str, str], ...]] = {
    "a folder with several sources": (
        {
            ".": "",
            "a.ini": "[web]\nzo1\nao2 here=ini\n[web:vars]\nfrom=ini\nonly_ini=1\n",
            "b.yml": "db: {hosts: {mo3: , zo1: }, vars: {from: yaml}}\nweb: {vars: {from: b}}\n",
            "c.sh": '#!/bin/sh\necho \'{"web": {"hosts": ["sc"], "vars": {"s": 1}}, '
            '"_meta": {"hostvars": {"zo1": {"by": "script"}}}}\'\n',
            "ignored.txt.bak": "nonsense",
        },
        {
            "a.ini": "[web]\nao2\nzo1 here=ini\n[web:vars]\nfrom=changed\n",
            "c.sh": '#!/bin/sh\necho \'{"web": {"hosts": ["sc2"]}}\'\n',
        },
    ),
    "a folder with variables in files": (
        {
            ".": "",
            "a.ini": "[web]\nzo1\nao2 here=ini\n[web:vars]\nfrom=ini\nonly_ini=1\n",
            "b.yml": "db: {hosts: {mo3: {}}, vars: {from: yaml}}\n",
            "group_vars/all/10-first.yml": "from: all\nsecret_key: abcdef\nwhen: 2024-01-01\n",
            "group_vars/all/20-second.yml": "second: {deep: [1, 2]}\n",
            "group_vars/web": "from: file\nansible_ssh_pass: hunter2\n",
            "group_vars/db.json": '{"j": 1.5}',
            "host_vars/ao2.yml": "here: file\n",
        },
        {
            "group_vars/db.json": "{}",
            "group_vars/all/20-second.yml": "second: {deep: [2]}\n",
            "group_vars/web": "from: later\n",
            "host_vars/ao2.yml": "there: file\n",
        },
    ),
    "variables beside a file": (
        PLAIN
        | {
            "group_vars/web.yml": "port: 8080\n",
            "group_vars/all.yml": "v: file\n",
            "group_vars/ungrouped.yml": "u: 1\n",
            "group_vars/unknown.yml": "u: 2\n",
            "host_vars/web1/a.yml": "one: 1\n",
            "host_vars/web1/b.yml": "two: 2\none: b\n",
            "host_vars/web2.yaml": "ansible_port: 2200\n",
        },
        {"group_vars/web.yml": "port: 8081\n", "host_vars/web1/a.yml": "{}\n"},
    ),
    "variables beside inventory and playbook": (
        PLAIN
        | {
            "group_vars/all.yml": "v: inventory file\nw: inventory file\nx: inventory file\n",
            "group_vars/web.yml": "port: 8080\nw: inventory web\n",
            "host_vars/web1.yml": "h: inventory\nport: 1\n",
        },
        {"group_vars/web.yml": "port: 8081\n", "host_vars/web1.yml": "h: later\n"},
        {
            "group_vars/all.yml": "v: play\nx: play\n",
            "group_vars/web/main.yml": "port: 9090\nw: play web\n",
            "host_vars/web1.yml": "h: play\n",
        },
    ),
    "variables beside the playbook only": (
        PLAIN,
        {"hosts": "[web]\nweb2\n[web:vars]\nport=81\n"},
        {
            "group_vars/all.yml": "v: play\nport: all\n",
            "group_vars/web.yml": "port: 9090\n",
            "group_vars/ungrouped.yml": "never: 1\n",
            "host_vars/web2.yml": "mine: play\n",
        },
    ),
    "constructed groups": (
        {
            ".": "",
            "10-hosts.ini": "web1 role=web\ndb1 role=db\n[rack1]\nweb1\n",
            "20-constructed.yml": "plugin: constructed\nkeyed_groups: [{key: role, prefix: is}]\n"
            "compose: {upper_role: role | upper}\ngroups: {webs: role == 'web'}\n",
        },
        {"10-hosts.ini": "web1 role=db\ndb1 role=db\n[rack1]\ndb1\n"},
    ),
    "vaulted values": (
        {
            "hosts.yml": "all:\n  hosts: {web1: {plain: 1}, web2: }\n"
            "  children: {g: {hosts: {web1: }}}\n"
            f"  vars:\n    v: {in_yaml(VALUE, 6)}\n    list:\n    - {in_yaml(VALUE, 6)}\n",
            "group_vars/all.yml": f"note: {in_yaml(VALUE, 2)}\nlist: [1]\n",
            "group_vars/g/vault.yml": FILE,
            "group_vars/g/plain.yml": "api_token: '{{ vault_token }}'\n",
            "host_vars/web2.yml": FILE,
        },
        {"host_vars/web2.yml": "plain: 2\n"},
    ),
    "odd names of files": (
        {
            "hosts": "web-1.example.com\n[web-servers]\nweb-1.example.com\n[db.eu]\ndb1\n",
            "group_vars/web-servers.yml": "a: 1\n",
            "group_vars/db.eu.yml": "b: 1\n",
            "group_vars/db.eu/more.yml": "c: 1\n",
            "group_vars/all/.hidden.yml": "d: 1\n",
            "group_vars/all/deep/er/x.yml": "e: 1\n",
            "group_vars/all/notes.txt": "f: 1\n",
            "host_vars/web-1.example.com": "g: 1\n",
            "host_vars/web-1.example.com.yml": "h: 1\n",
            "host_vars/nobody.yml": "i: 1\n",
        },
        {"group_vars/all/deep/er/x.yml": "e: 2\n"},
    ),
    "empty files": (
        PLAIN
        | {"group_vars/web.yml": "", "group_vars/all.yml": "---\n", "host_vars/web1.yml": "{}"},
        {"group_vars/web.yml": "port: 1\n"},
    ),
    "a cluster of several files": (
        {
            ".": "",
            "0-hosts.ini": "[control]\nn1 ip=10.0.0.1\nn2 ip=10.0.0.2\n[workers]\nn3\nn4\n"
            "[etcd:children]\ncontrol\n[cluster:children]\ncontrol\nworkers\n[cluster:vars]\nv=1\n"
            "[all:vars]\nansible_user=root\n",
            "1-extra.yml": "workers: {hosts: {n5: {ip: 10.0.0.5}}}\ncluster: {vars: {v: 2}}\n",
            "group_vars/all/all.yml": "etcd: '{{ groups.etcd }}'\nport: 6443\n",
            "group_vars/cluster/net.yml": "cidr: 10.233.0.0/18\n",
            "group_vars/etcd.yml": 'etcd_token: \'{{ lookup("env", "X") }}\'\n',
            "host_vars/n1.yml": "is_first: true\n",
        },
        {
            "0-hosts.ini": "[control]\nn2\nn1\n[workers]\nn3\n[etcd:children]\ncontrol\n"
            "[cluster:children]\nworkers\ncontrol\n",
            "group_vars/cluster/net.yml": "cidr: 10.0.0.0/8\n",
        },
    ),
}
