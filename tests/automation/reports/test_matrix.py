"""A run's servers by tasks: which result goes where."""

import pytest

from automation.models import Job, Run
from automation.reports.matrix import columns_of, in_order, jobs_of, number_repeats, rows_of
from tests import make
from tests.automation.running import run_here

pytestmark = pytest.mark.django_db


def names(run: Run) -> list[str]:
    return [f"{column.place.task} {column.place.nth}" for column in columns_of(run)]


def words(run: Run) -> dict[str, list[str]]:
    """{server: each column's status}, "-" where the server did not come."""
    rows = rows_of(list(jobs_of(run).select_related("server")), columns_of(run))
    return {
        str(row.job.server): [cell.status if cell else "-" for cell in row.cells] for row in rows
    }


def places(*tasks: str):
    return number_repeats(("Play", task, f"site.yml:{task}") for task in tasks)


# --- The order of the columns ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sequences", "order"),
    [
        (["abc", "abc"], "abc"),
        (["ac", "abc"], "abc"),  # b is only for the second one
        (["ab", "abc"], "abc"),  # the first failed at b
        (["abxyc", "abc", "abzc"], "abzxyc"),
        (["bc", "abc"], "abc"),  # run once, on the second
        (["ba", "ab"], "ba"),  # each at its own pace
    ],
)
def test_what_is_new_comes_after_what_stood_before_it(sequences, order):
    found = in_order([places(*sequence) for sequence in sequences])
    assert "".join(place.task for place in found) == order


def test_a_task_that_comes_again_is_another_column():
    found = in_order([places("a", "b", "a"), places("a", "b", "a", "b")])
    assert [(place.task, place.nth) for place in found] == [
        *(("a", 1), ("b", 1)),
        *(("a", 2), ("b", 2)),
    ]


# --- Cells ----------------------------------------------------------------------------------------


def test_each_result_stands_at_its_server_and_task():
    run = make.run(state="finished")
    good, bad, _late = (
        make.job(run=run, status=status, server=make.server(hostname=name))
        for name, status in (("good", "success"), ("bad", "failed"), ("late", "failed"))
    )
    make.task_results(good, "ok", "changed", "ok")
    make.task_results(bad, "ok", "failed")
    assert names(run) == ["Task 1 1", "Task 2 1", "Task 3 1"]
    assert list(words(run)) == ["bad", "late", "good"]
    assert words(run)["good"] == ["ok", "changed", "ok"]
    assert words(run)["bad"] == ["ok", "failed", "-"]
    assert words(run)["late"] == ["-", "-", "-"]
    assert [column.bad for column in columns_of(run)] == [0, 1, 0]


def test_two_tasks_of_one_name_are_told_apart_by_their_place():
    run = make.run(state="finished")
    first, second = make.job(run=run), make.job(run=run)
    make.task_results(first, "ok", task="Copy", path="a.yml:3")
    make.task_results(first, "changed", task="Copy", path="a.yml:9")
    make.task_results(second, "failed", task="Copy", path="a.yml:9")
    assert sorted(words(run).values()) == [["-", "failed"], ["ok", "changed"]]


def test_the_counts_of_a_running_server_are_those_so_far():
    job = make.job(status="running")
    make.task_results(job, "ok", "changed", "skipped")
    make.task_results(job, "changed", changed=True)
    (row,) = rows_of([job], columns_of(job.run))
    assert (row.counts["ok"], row.counts["changed"], row.counts["skipped"]) == (3, 1, 1)
    assert row.counts == job.task_results.counts()


def test_a_job_of_another_run_is_not_among_them():
    make.task_results(make.job(), "ok", task="Elsewhere")
    job = make.job()
    make.task_results(job, "ok", task="Here")
    assert names(job.run) == ["Here 1"]


# --- As in Ansible --------------------------------------------------------------------------------

SITE = """
- name: First
  hosts: all
  gather_facts: false
  strategy: {strategy}
  tasks:
    - name: Everywhere
      ansible.builtin.debug: {{msg: x}}
    - name: More
      ansible.builtin.include_tasks: more.yml
      loop: "{{{{ range(2) | list if inventory_hostname == 'two' else [0] }}}}"
      when: inventory_hostname != 'three'
    - name: Break
      ansible.builtin.fail: {{msg: no}}
      when: inventory_hostname == 'one'
    - name: Once
      ansible.builtin.debug: {{msg: y}}
      run_once: {once}
- name: Second
  hosts: all
  gather_facts: false
  tasks:
    - name: Everywhere
      ansible.builtin.debug: {{msg: z}}
"""


@pytest.mark.slow
@pytest.mark.on_either
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_servers_that_went_different_ways_stand_in_the_same_columns(strategy):
    make.playbook_file("more.yml", "- name: Included\n  ansible.builtin.debug: {msg: i}\n")
    servers = [make.localhost(hostname=name) for name in ("one", "two", "three")]
    once = str(strategy == "linear").lower()
    jobs = run_here(make.playbook(SITE.format(strategy=strategy, once=once)), *servers)
    run = jobs[0].run
    table = words(run)

    column = {name: number for number, name in reversed(list(enumerate(names(run))))}
    plays = [each.place.play for each in columns_of(run)]
    assert plays == ["First"] * plays.index("Second") + ["Second"]
    assert column["Everywhere 1"] == 0 and names(run)[-1] == "Everywhere 1"
    assert column["More 1"] < column["Included 1"] < column["Break 1"] < column["Once 1"]

    assert {row[0] for row in table.values()} == {"ok"}
    included = [column["Included 1"], column["Included 2"]]
    assert [[row[number] for number in included] for row in map(table.get, ("one", "two"))] == [
        ["ok", "-"],
        ["ok", "ok"],
    ]
    assert [table["three"][number] for number in included] == ["-", "-"]
    assert table["three"][column["More 1"]] == "skipped"
    assert table["one"][column["Break 1"]] == "failed"
    assert [table[name][-1] for name in ("one", "two", "three")] == ["-", "ok", "ok"]
    assert list(table) == ["one", "two", "three"]
    # Nothing is left out: every result has a cell.
    cells = sum(word != "-" for row in table.values() for word in row)
    assert cells == sum(job.task_results.count() for job in Job.objects.filter(run=run))
