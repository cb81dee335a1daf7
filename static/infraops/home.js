// The home page keeps itself fresh: it asks for its parts every five seconds, seldom in a hidden
// tab, slower the longer an answer takes, and replaces those that have changed.
"use strict";

(() => {
    const box = document.getElementById("home");
    let misses = 0;

    class Ended extends Error {}

    async function fetched() {
        const answer = await fetch(box.dataset.url, {
            credentials: "same-origin", redirect: "manual", signal: AbortSignal.timeout(20000),
        });
        // Signed out, or no longer allowed: asking again would not help.
        if (answer.type === "opaqueredirect" || answer.status === 403) throw new Ended();
        if (!answer.ok) throw new Error(answer.status);
        return new DOMParser().parseFromString(await answer.text(), "text/html");
    }

    function replace(old, fresh) {
        const href = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
        old.replaceWith(fresh);
        if (href) fresh.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true });
    }

    function show(page) {
        for (const old of box.querySelectorAll("[data-part]")) {
            const fresh = page.querySelector(`[data-part="${old.dataset.part}"]`);
            if (fresh && fresh.innerHTML !== old.innerHTML) replace(old, document.adoptNode(fresh));
        }
    }

    async function poll() {
        const began = performance.now();
        let wait = 5000;
        try {
            show(await fetched());
            misses = 0;
            wait = Math.max(wait, 10 * (performance.now() - began));
        } catch (error) {
            if (error instanceof Ended) return;
            misses += 1;
            wait = Math.min(60000, 5000 * 2 ** misses);
        }
        setTimeout(poll, document.hidden ? Math.max(wait, 60000) : wait);
    }

    // Whoever comes back to the tab sees how it is now.
    document.addEventListener("visibilitychange", async () => {
        if (!document.hidden) show(await fetched().catch(() => document));
    });
    setTimeout(poll, box.dataset.fresh === "yes" ? 5000 : 0);
})();
