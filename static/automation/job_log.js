// The live log of a job's page: asks for the lines after the last one that it has, once a second
// while the job is active. The database is the single truth; a lost answer is simply asked again.
"use strict";

(() => {
    const log = document.getElementById("log");
    const header = document.getElementById("job-header");
    const earlier = document.getElementById("log-earlier");
    const empty = document.getElementById("log-empty");
    const said = document.getElementById("log-state");
    const follow = document.getElementById("log-follow");
    const wrap = document.getElementById("log-wrap");

    let { url, state } = log.dataset;
    let first = Number(log.dataset.first);
    let last = Number(log.dataset.last);
    let active = log.dataset.active === "yes";
    let misses = 0;

    class Ended extends Error {}

    const atBottom = () => log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    const toBottom = () => { log.scrollTop = log.scrollHeight; };
    const numberOf = (line) => Number(line.id.slice(1));

    async function fetched(query) {
        const answer = await fetch(`${url}?${new URLSearchParams({ ...query, state })}`, {
            credentials: "same-origin", redirect: "manual", signal: AbortSignal.timeout(15000),
        });
        // Signed out, or no longer allowed: asking again would not help.
        if (answer.type === "opaqueredirect" || [403, 404].includes(answer.status)) throw new Ended();
        if (!answer.ok) throw new Error(answer.status);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        return page.getElementById("fragment");
    }

    function showHeader(fragment) {
        const changed = fragment.querySelector('[data-part="header"]');
        state = fragment.dataset.state;
        active = fragment.dataset.active === "yes";
        document.title = fragment.dataset.title;
        if (changed) header.replaceChildren(...changed.childNodes);
        document.getElementById("log-follow-label").hidden = !active;
        fit();
    }

    function append(fragment) {
        const stay = follow.checked && atBottom();
        const lines = [...fragment.querySelectorAll(".io-line")].filter((line) => numberOf(line) > last);
        log.append(...lines);
        if (lines.length) {
            if (!first) first = numberOf(lines[0]);
            last = numberOf(lines.at(-1));
            empty.hidden = true;
            fit();
        }
        if (stay) toBottom();
    }

    async function poll() {
        let wait = 1000;
        try {
            const fragment = await fetched({ after: last });
            misses = 0;
            append(fragment);
            showHeader(fragment);
            if (fragment.dataset.more === "yes") wait = 0;
            else if (!active) return say("");
            say("live");
        } catch (error) {
            if (error instanceof Ended) return say("no longer live: reload this page");
            misses += 1;
            wait = Math.min(15000, 1000 * 2 ** misses);
            say(`connection lost, trying again in ${Math.round(wait / 1000)} s`);
        }
        setTimeout(poll, document.hidden ? Math.max(wait, 5000) : wait);
    }

    function say(text) { said.textContent = text; }

    async function loadEarlier() {
        const fragment = await fetched({ before: first });
        const lines = [...fragment.querySelectorAll(".io-line")];
        const height = log.scrollHeight;
        log.prepend(...lines);
        log.scrollTop += log.scrollHeight - height;
        first = lines.length ? numberOf(lines[0]) : 1;
        earlier.hidden = first <= 1;
    }

    // A link to a line further up loads what lies between; from the page itself or from outside.
    async function goToHash() {
        const wanted = Number((location.hash.match(/^#L(\d+)$/) || [])[1]);
        if (!wanted) return;
        follow.checked = false;
        while (wanted < first) await loadEarlier();
        log.querySelector(".io-here")?.classList.remove("io-here");
        const line = document.getElementById(`L${wanted}`);
        if (!line) return;
        line.classList.add("io-here");
        line.scrollIntoView({ block: "center" });
    }

    // While it is live, the whole log fits into the window: its newest line is in sight.
    function fit() {
        const top = log.getBoundingClientRect().top + scrollY;
        log.style.maxHeight = active ? `max(240px, calc(100vh - ${Math.ceil(top) + 24}px))` : "";
    }

    // The page itself stays where it is: what failed stands at its top, in words.
    function showFailing() {
        const line = document.getElementById(`L${log.dataset.failing}`);
        if (!line) return;
        line.classList.add("io-here");
        log.scrollTop = line.offsetTop - log.offsetTop - log.clientHeight / 2;
    }

    function tick() {
        const duration = header.querySelector("[data-since]");
        if (!duration) return;
        const seconds = Math.max(0, Math.floor(Date.now() / 1000) - Number(duration.dataset.since));
        const minutes = Math.floor(seconds / 60);
        if (minutes < 1) duration.textContent = `${seconds} s`;
        else if (minutes < 60) duration.textContent = `${minutes} min ${seconds % 60} s`;
        else duration.textContent = `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
    }

    earlier.addEventListener("click", () => loadEarlier().catch((error) => say(`not loaded: ${error.message}`)));
    follow.addEventListener("change", () => { if (follow.checked) toBottom(); });
    wrap.addEventListener("change", () => {
        localStorage.setItem("logWrap", wrap.checked ? "1" : "0");
        log.classList.toggle("io-wrapped", wrap.checked);
    });
    window.addEventListener("hashchange", goToHash);
    window.addEventListener("resize", fit);

    wrap.checked = (localStorage.getItem("logWrap") ?? (innerWidth < 700 ? "1" : "0")) === "1";
    log.classList.toggle("io-wrapped", wrap.checked);
    fit();
    toBottom();
    if (log.dataset.failing) showFailing();
    goToHash();
    if (active) {
        say("live");
        setTimeout(poll, 1000);
        setInterval(tick, 1000);
    }
})();
