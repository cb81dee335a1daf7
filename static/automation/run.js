// A run's page: header and table are asked for again while it runs, where they stand and as they
// are filtered; seldom in a hidden tab, and slower the longer an answer takes.
"use strict";

(() => {
    const box = document.getElementById("run");
    const parts = ["header", "matrix"];
    let misses = 0;

    const part = (root, name) => root.querySelector(`[data-part="${name}"]`);
    const isActive = () => document.getElementById("run-fragment").dataset.active === "yes";

    class Ended extends Error {}

    async function fetched() {
        const answer = await fetch(box.dataset.url + location.search, {
            credentials: "same-origin", redirect: "manual", signal: AbortSignal.timeout(20000),
        });
        // Signed out, or no longer allowed: asking again would not help.
        if (answer.type === "opaqueredirect" || [403, 404].includes(answer.status)) throw new Ended();
        if (!answer.ok) throw new Error(answer.status);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        return page.getElementById("run-fragment");
    }

    // What somebody types into, has opened or has the focus on stays.
    function busy(old) {
        return old.contains(document.activeElement) && document.activeElement.matches("input");
    }

    function kept(old) {
        const sheet = old.querySelector(".io-matrix");
        const [left, top] = [sheet?.scrollLeft, sheet?.scrollTop];
        const link = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
        const open = old.querySelector("details")?.open;
        return (fresh) => {
            const shown = fresh.querySelector(".io-matrix");
            if (sheet && shown) shown.scrollTo(left, top);
            if (link) fresh.querySelector(`a[href="${CSS.escape(link)}"]`)?.focus({ preventScroll: true });
            if (open) fresh.querySelector("details").open = true;
        };
    }

    // Tokens of forms differ in each answer, and say nothing.
    const said = (element) => element.innerHTML.replace(/name="(csrfmiddlewaretoken|key)" value="[^"]*"/g, "");

    function show(fragment) {
        const now = document.getElementById("run-fragment");
        now.dataset.active = fragment.dataset.active;
        document.title = fragment.dataset.title;
        for (const name of parts) {
            const [old, fresh] = [part(now, name), part(fragment, name)];
            if (busy(old) || said(old) === said(fresh)) continue;
            const restore = kept(old);
            old.replaceWith(fresh);
            restore(fresh);
        }
    }

    async function poll() {
        const began = performance.now();
        let wait = 2000;
        try {
            show(await fetched());
            misses = 0;
            if (!isActive()) return;
            wait = Math.max(wait, 5 * (performance.now() - began));
        } catch (error) {
            if (error instanceof Ended) return;
            misses += 1;
            wait = Math.min(30000, 2000 * 2 ** misses);
        }
        setTimeout(poll, document.hidden ? Math.max(wait, 15000) : wait);
    }

    // A cell says in full what it is once one points at it or comes to it by key.
    function explain(event) {
        const cell = event.target.closest?.(".io-matrix td");
        const link = cell?.querySelector("a");
        if (!link || link.title) return;
        const heads = cell.closest("table").tHead.rows;
        const task = heads[heads.length - 1].cells[cell.cellIndex].title;
        const host = cell.parentElement.cells[0].querySelector(".io-host").lastElementChild.textContent;
        link.title = `${host} · ${task} · ${link.textContent.trim()}`;
    }

    box.addEventListener("pointerover", explain);
    box.addEventListener("focusin", explain);
    if (isActive()) setTimeout(poll, 2000);
})();
