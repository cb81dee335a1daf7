// The tasks of a job's page: asks for those after the last one that it has, every two seconds while
// the job is active; once it has ended, for all of them again, as a failed one may prove rescued.
"use strict";

(() => {
    const tasks = document.getElementById("tasks");
    const table = tasks.querySelector("table");
    const rows = table.tBodies[0];
    const empty = tasks.querySelector(".io-empty");
    const { url } = tasks.dataset;
    let active = tasks.dataset.active === "yes";
    let more = tasks.dataset.more === "yes";

    const last = () => Number(rows.lastElementChild?.dataset.number ?? 0);

    async function fetched(after) {
        const answer = await fetch(`${url}?after=${after}`, {
            credentials: "same-origin", redirect: "error", signal: AbortSignal.timeout(15000),
        });
        if (!answer.ok) throw new Error(answer.status);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        return page.getElementById("tasks-fragment");
    }

    async function load() {
        const fragment = await fetched(last());
        const ended = active && fragment.dataset.active === "no";
        if (ended) rows.replaceChildren(...(await fetched(0)).querySelectorAll("tr"));
        else rows.append(...fragment.querySelectorAll("tr"));
        active = active && !ended;
        more = ended || fragment.dataset.more === "yes";
        table.hidden = !rows.childElementCount;
        empty.hidden = !table.hidden;
    }

    async function poll() {
        await load().catch(() => {});
        if (active || more) setTimeout(poll, more ? 100 : document.hidden ? 10000 : 2000);
    }

    if (active || more) setTimeout(poll, more ? 0 : 2000);
})();
