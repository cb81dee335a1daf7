// The tasks on a job's page: polls for those after the last one it has, every two seconds while the
// job is active, and reloads all once it has ended, as a failed one may turn out rescued. When sorted
// by duration, all are reloaded each time: the server sends at most 500. In their own order the page
// stops at 2000, with a link to the rest.
"use strict";

(() => {
    const MOST_ROWS = 2000;

    const tasks = document.getElementById("tasks");
    const table = tasks.querySelector("table");
    const rows = table.tBodies[0];
    const bar = document.getElementById("tasks-bar");
    const empty = tasks.querySelector(".io-empty");
    const more = document.getElementById("tasks-more");
    const { url, query } = tasks.dataset;
    const isSlowest = tasks.dataset.slowest === "yes";
    const begin = Number(new URLSearchParams(location.search).get("after")) || 0;
    let active = tasks.dataset.active === "yes";
    let unread = tasks.dataset.more === "yes";

    const last = () => Number(rows.lastElementChild?.dataset.number ?? begin);

    const fetchTasks = (after) => live.fetchFragment(`${url}?${query}&after=${after}`, "#tasks-fragment");

    function fill(element, children) {
        const restore = live.rememberPlace(element);
        element.replaceChildren(...children);
        restore(element);
    }

    async function load() {
        let fragment = await fetchTasks(last());
        const ended = active && fragment.dataset.active === "no";
        if (ended && !isSlowest) fragment = await fetchTasks(begin);
        const fresh = fragment.querySelectorAll("tr");
        if (ended || isSlowest) fill(rows, fresh);
        else rows.append(...fresh);
        fill(bar, fragment.querySelector('[data-part="bar"]').childNodes);
        active = active && !ended;
        unread = fragment.dataset.more === "yes";
        show();
    }

    function show() {
        table.hidden = !rows.childElementCount;
        empty.hidden = !table.hidden;
        for (const words of empty.children) words.hidden = (words.dataset.while === "yes") !== active;
        more.hidden = !unread;
        const link = more.querySelector("a");
        if (link) link.href = `?${query}&after=${last()}#tasks`;
    }

    const isFull = () => rows.childElementCount >= MOST_ROWS;

    async function ask() {
        await load();
        return active && !isFull();
    }

    if (active) {
        live.follow({
            ask,
            say: live.sayIn(document.getElementById("tasks-state")),
            every: () => (unread && !isSlowest ? 100 : 2000),
            hidden: 10000,
        });
    }
})();
