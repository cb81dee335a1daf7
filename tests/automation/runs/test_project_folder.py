"""Files beside a registered playbook work in a run as they do without InfraOps."""

import pytest

from automation.models import Job
from tests import make
from tests.automation.running import run_here, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]

# Below the playbook's folder: each file contributes a word to the play that follows.
SURROUNDINGS = {
    "group_vars/all.yml": "of_all: WORD-group-all\n",
    "group_vars/staging/main.yml": "of_group: WORD-group-staging\n",
    "host_vars/here.yml": "of_host: WORD-host\n",
    "vars/more.yml": "of_file: WORD-vars-files\n",
    "files/plain.txt": "WORD-file-lookup",
    "templates/page.j2": "WORD-template-{{ inventory_hostname }}",
    "tasks/outer.yml": "- ansible.builtin.import_tasks: inner/inner.yml\n",
    "tasks/inner/inner.yml": "- ansible.builtin.debug: {msg: WORD-imported-tasks}\n",
    "roles/greeter/defaults/main.yml": "of_role: WORD-role-default\n",
    "roles/greeter/templates/own.j2": "WORD-role-template",
    "roles/greeter/tasks/main.yml": (
        "- ansible.builtin.debug: {msg: \"{{ of_role }} {{ lookup('template', 'own.j2') }}\"}\n"
        "- ansible.builtin.include_tasks: more.yml\n"
    ),
    "roles/greeter/tasks/more.yml": "- ansible.builtin.debug: {msg: WORD-role-include}\n",
    "roles/greeter/handlers/main.yml": (
        "- {name: Tell, ansible.builtin.debug: {msg: WORD-role-handler}}\n"
    ),
    "roles/late/tasks/main.yml": (
        "- {name: Notify, ansible.builtin.raw: 'true', notify: Tell}\n"
        "- ansible.builtin.debug: {msg: WORD-include-role}\n"
    ),
    "library/own_module.py": (
        "from ansible.module_utils.basic import AnsibleModule\n"
        "from ansible.module_utils.own_words import WORD\n"
        "AnsibleModule(argument_spec={}).exit_json(changed=False, msg=WORD)\n"
    ),
    "module_utils/own_words.py": 'WORD = "WORD-own-module"\n',
    "filter_plugins/own.py": (
        "class FilterModule:\n"
        "    def filters(self):\n"
        "        return {'own': lambda text: 'WORD-own-filter'}\n"
    ),
    "collections/ansible_collections/our/tools/plugins/modules/spade.py": (
        "from ansible.module_utils.basic import AnsibleModule\n"
        "AnsibleModule(argument_spec={}).exit_json(changed=False, msg='WORD-own-collection')\n"
    ),
    "collections/ansible_collections/our/tools/roles/digger/tasks/main.yml": (
        "- ansible.builtin.debug: {msg: WORD-collection-role}\n"
    ),
    "second.yml": (
        "- hosts: all\n  gather_facts: false\n  tasks:\n"
        '    - ansible.builtin.debug: {msg: "WORD-imported-playbook {{ of_all | own }}"}\n'
    ),
}
SITE = """
- hosts: all
  gather_facts: false
  vars_files: [vars/more.yml]
  roles: [greeter]
  tasks:
    - ansible.builtin.debug: {msg: "{{ of_all }} {{ of_group }} {{ of_host }} {{ of_file }}"}
    - ansible.builtin.debug: {msg: "{{ lookup('file', 'plain.txt') }} {{ 'x' | own }}"}
    - ansible.builtin.template: {src: page.j2, dest: "{{ playbook_dir }}/../page.out"}
    - ansible.builtin.raw: cat "{{ playbook_dir }}/../page.out"
      register: page
    - ansible.builtin.debug: {var: page.stdout}
    - ansible.builtin.copy: {src: plain.txt, dest: "{{ playbook_dir }}/../copied.out"}
    - ansible.builtin.import_tasks: tasks/outer.yml
    - ansible.builtin.include_role: {name: late}
    - own_module:
      register: own
    - ansible.builtin.debug: {var: own.msg}
    - our.tools.spade:
      register: spade
    - ansible.builtin.debug: {var: spade.msg}
    - ansible.builtin.include_role: {name: our.tools.digger}
- import_playbook: second.yml
"""
WORDS = {
    *("WORD-group-all", "WORD-group-staging", "WORD-host", "WORD-vars-files", "WORD-file-lookup"),
    *("WORD-template-here", "WORD-role-default", "WORD-role-template", "WORD-role-include"),
    *("WORD-role-handler", "WORD-include-role", "WORD-imported-tasks", "WORD-own-module"),
    *("WORD-own-filter", "WORD-own-collection", "WORD-collection-role", "WORD-imported-playbook"),
}


def test_everything_beside_the_playbook_is_found() -> None:
    for name, content in SURROUNDINGS.items():
        make.playbook_file(f"teams/web/{name}", content)
    playbook = make.playbook(SITE, file_path="teams/web/site.yml")
    make.separate_environments()
    server = make.localhost(hostname="here", environment="staging")

    (job,) = run_here(playbook, server)

    assert job.status == Job.Status.SUCCESS, text_of(job)
    said = text_of(job)
    assert {word for word in WORDS if word not in said} == set()
