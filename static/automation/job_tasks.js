// The tasks of a job's page: asks for those after the last one that it has, every two seconds while
// the job is active; once it has ended, for all of them again, as a failed one may prove rescued.
// Slowest first, they are all asked for again each time: the server sends 500 at most. In their own
// order the page stops at 2000, and a link leads on.
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

    async function fetched(after) {
        const answer = await fetch(`${url}?${query}&after=${after}`, {
            credentials: "same-origin", redirect: "error", signal: AbortSignal.timeout(15000),
        });
        if (!answer.ok) throw new Error(answer.status);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        return page.getElementById("tasks-fragment");
    }

    function replace(fragment) {
        const open = [...rows.querySelectorAll("details[open]")].map((details) => details.closest("tr").id);
        rows.replaceChildren(...fragment.querySelectorAll("tr"));
        for (const id of open) document.getElementById(id)?.querySelector("details")?.setAttribute("open", "");
    }

    async function load() {
        let fragment = await fetched(last());
        const ended = active && fragment.dataset.active === "no";
        if (ended && !isSlowest) fragment = await fetched(begin);
        if (ended || isSlowest) replace(fragment);
        else rows.append(...fragment.querySelectorAll("tr"));
        bar.replaceChildren(...fragment.querySelector('[data-part="bar"]').childNodes);
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
    const wait = () => (unread && !isSlowest ? 100 : document.hidden ? 10000 : 2000);

    async function poll() {
        await load().catch(() => {});
        if (active && !isFull()) setTimeout(poll, wait());
    }

    if (active) setTimeout(poll, wait());
})();
