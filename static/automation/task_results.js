// Loads a task's whole result when it is opened.
"use strict";

(() => {
    async function load(details) {
        const place = details.querySelector("div");
        try {
            const result = await live.fetchFragment(details.dataset.result, "#task-result");
            place.replaceChildren(...result.childNodes);
        } catch (error) {
            details.removeAttribute("data-loaded");
            live.sayIn(place)(`Could not load it. ${error.message}`, error.link);
        }
    }

    // "toggle" does not bubble. Rows that are fetched again reopen what was open, and reload it.
    document.addEventListener("toggle", ({ target }) => {
        if (!target.open || !target.dataset.result || "loaded" in target.dataset) return;
        target.dataset.loaded = "";
        load(target);
    }, { capture: true });
})();
