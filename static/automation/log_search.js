// The search in a job's or a run's log, and display options of the log. The server searches and
// returns the numbers of up to 1000 lines; hits in the page's window are marked here.
"use strict";

(() => {
    const log = document.getElementById("log");
    const form = document.getElementById("log-search");
    const said = document.getElementById("log-hits");
    const { q, level } = form.elements;
    const steps = [...form.querySelectorAll("[data-log-step]")];

    let hits = [];
    let more = false;
    let now = -1;
    let asked = 0; // responses may overtake each other: only the last request's counts
    let timer = 0;

    const say = live.sayIn(said);

    function found(after) {
        const question = { q: q.value, level: leastLevel(), after };
        return live.fetchJson(`${log.dataset.searchUrl}?${new URLSearchParams(question)}`);
    }

    const leastLevel = () => level?.value ?? ""; // a run's log has none to choose
    const isWanted = () => Boolean(q.value || leastLevel());

    async function search() {
        clearTimeout(timer);
        timer = 0;
        const question = ++asked;
        let answer = { lines: [], more: false };
        try {
            if (isWanted()) answer = await found(0);
        } catch (error) {
            if (question === asked) say(`Search failed. ${error.message}`, error.link);
            return;
        }
        if (question !== asked) return;
        ({ lines: hits, more } = answer);
        now = -1;
        show();
        if (hits.length) step(1);
    }

    // Past the thousandth hit, load the next thousand.
    async function goOn() {
        const question = asked;
        const answer = await found(hits.at(-1));
        if (question !== asked || !answer.lines.length) return;
        hits.push(...answer.lines);
        more = answer.more;
    }

    async function step(by) {
        if (!hits.length) return;
        if (by > 0 && more && now === hits.length - 1) await goOn().catch(() => {});
        now = now < 0 ? 0 : (now + by + hits.length) % hits.length;
        log.dispatchEvent(new CustomEvent("log:go", { detail: hits[now] }));
        show();
    }

    function show() {
        const count = more ? `${hits.length}+` : hits.length;
        if (!isWanted()) say("");
        else if (!hits.length) say("No matches");
        else say(now < 0 ? `${count} matches` : `${now + 1} of ${count}`);
        for (const button of steps) button.disabled = !hits.length;
        mark();
    }

    // --- Marks -----------------------------------------------------------------------------------

    function mark() {
        const wanted = new Set(hits);
        const ranges = [];
        for (const line of log.children) {
            const isHit = wanted.has(Number(line.id.slice(1)));
            line.classList.toggle("io-hit", isHit);
            if (isHit && q.value) ranges.push(...rangesIn(line.querySelector(".io-text"), q.value.toLowerCase()));
        }
        // Ranges instead of elements: the lines stay unchanged, and their text can be copied.
        if (window.Highlight) CSS.highlights.set("log-hits", new Highlight(...ranges));
    }

    function* rangesIn(element, text) {
        const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
        const nodes = [];
        while (walker.nextNode()) nodes.push(walker.currentNode);
        const whole = nodes.map((node) => node.data).join("").toLowerCase();
        for (let at = whole.indexOf(text); at >= 0; at = whole.indexOf(text, at + text.length)) {
            const range = document.createRange();
            range.setStart(...place(nodes, at));
            range.setEnd(...place(nodes, at + text.length));
            yield range;
        }
    }

    function place(nodes, at) {
        for (const node of nodes) {
            if (at <= node.length) return [node, at];
            at -= node.length;
        }
        return [nodes.at(-1), nodes.at(-1).length];
    }

    // --- Display options -------------------------------------------------------------------------

    // Keep the marked line, or else the uppermost visible one, in place.
    function keepingPlace(change) {
        const { top, bottom } = log.getBoundingClientRect();
        const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
        const isShown = (line) => {
            const place = line.getBoundingClientRect();
            return place.bottom > top && place.top < bottom;
        };
        const marked = [...log.querySelectorAll(".io-here")].find(isShown);
        const line = marked || [...log.children].find(isShown);
        const was = line?.getBoundingClientRect().top;
        change();
        if (isAtEnd && !marked) log.scrollTop = log.scrollHeight;
        else if (line) log.scrollTop += line.getBoundingClientRect().top - was;
    }

    function remembered(id, name, style, usual) {
        const box = document.getElementById(id);
        const apply = () => log.classList.toggle(style, box.checked);
        box.checked = (localStorage.getItem(name) ?? usual) === "1";
        box.addEventListener("change", () => {
            localStorage.setItem(name, box.checked ? "1" : "0");
            keepingPlace(apply);
        });
        apply();
    }

    // --- Keys ------------------------------------------------------------------------------------

    const isTyping = (target) => target.isContentEditable
        || target.matches("textarea, select, input:not([type=checkbox])");

    // Takes precedence over the keys of every page. These are harmless, so a single letter may act
    // here instead of only moving the focus.
    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
        const here = { f: "log-follow", w: "log-wrap", t: "log-times" }[event.key];
        if (document.querySelector("dialog[open]")) return;
        if (here) document.getElementById(here).click();
        else if (event.key === "n") step(1);
        else if (event.key === "N") step(-1);
        else return;
        event.preventDefault();
        event.stopImmediatePropagation();
    }, { capture: true });

    q.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(search, 250);
    });
    level?.addEventListener("change", search);
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (timer || !hits.length) search();
        else step(1);
    });
    for (const button of steps) button.addEventListener("click", () => step(Number(button.dataset.logStep)));
    log.addEventListener("log:changed", () => { if (hits.length) mark(); });

    remembered("log-wrap", "logWrap", "io-wrapped", innerWidth < 700 ? "1" : "0");
    remembered("log-times", "logTimes", "io-timed", "0");
})();
