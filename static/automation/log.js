// The log on a job's or a run's page: a window of at most 5000 lines on a log of any length. The
// database is the single source of truth: while the log grows, the page requests lines after the last
// one that it has; lines further up or down are loaded when the user scrolls there; lost responses
// are requested again.
//
// Other scripts tell it where to go with the event "log:go" ({detail: line number}). It sends
// "log:changed" when lines have entered the window, and "log:shown" once it has gone to a line.
"use strict";

(() => {
    const MOST_LINES = 5000;
    const NORMAL = 3000; // logs of up to this many lines are in the page as a whole
    const NEAR = 600; // pixels from an end of the window at which more is loaded
    const LIVELY = 400, QUIET = 900, HIDDEN = 5000; // milliseconds between two polls
    const UNHURRIED = 2000; // on a run's page, like its table
    const QUIET_AFTER = 10000;

    const log = document.getElementById("log");
    const header = document.getElementById("job-header"); // a run's is refreshed by itself
    const bar = document.querySelector(".io-log-bar");
    const earlier = document.getElementById("log-earlier");
    const later = document.getElementById("log-later");
    const empty = document.getElementById("log-empty");
    const say = live.sayIn(document.getElementById("log-state"));
    const follow = document.getElementById("log-follow");
    const jump = document.getElementById("log-jump");

    // A run's page says by itself why it is not live.
    const banner = header ? live.announcer(header) : () => {};

    let { url, state } = log.dataset;
    let first = Number(log.dataset.first);
    let last = Number(log.dataset.last);
    let newest = Number(log.dataset.newest); // of the whole log, as far as known
    let active = log.dataset.active === "yes";
    let more = false; // more lines are available at once
    let seen = newest; // the last line when following stopped
    let top = 0; // the scroll position when last checked
    let trouble = "";
    let flowedAt = performance.now();
    let works = 0;
    let work = Promise.resolve();

    const hasEnd = () => last >= newest;
    const atBottom = () => hasEnd() && log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    const numberOf = (line) => Number(line.id.slice(1));
    const linesOf = (fragment) => [...fragment.querySelectorAll(".io-line")];

    async function fetchLines(query) {
        const question = new URLSearchParams({ ...query, state });
        const fragment = await live.fetchFragment(`${url}?${question}`, "#fragment");
        showHeader(fragment);
        return fragment;
    }

    function showHeader(fragment) {
        const changed = fragment.querySelector('[data-part="header"]');
        active = fragment.dataset.active === "yes";
        document.getElementById("log-follow-label").hidden = !active;
        if (!changed) return;
        state = fragment.dataset.state;
        document.title = fragment.dataset.title;
        const restore = live.rememberPlace(header);
        header.replaceChildren(...changed.childNodes);
        restore(header);
        fit();
    }

    // --- The window ------------------------------------------------------------------------------

    function append(lines) {
        if (!lines.length) return;
        log.append(...lines);
        const wasEmpty = !first;
        if (wasEmpty) first = numberOf(lines[0]);
        last = numberOf(lines.at(-1));
        newest = Math.max(newest, last);
        changed();
        if (wasEmpty) {
            fit();
            reveal();
        }
    }

    function changed() {
        empty.hidden = Boolean(last);
        earlier.hidden = first <= 1;
        later.hidden = hasEnd();
        showJump();
        log.dispatchEvent(new CustomEvent("log:changed"));
    }

    // Keep what is visible in place while lines above it are added or removed.
    function keepingPlace(change) {
        const height = log.scrollHeight, top = log.scrollTop;
        change();
        log.scrollTop = top + log.scrollHeight - height;
    }

    function trimStart() {
        const surplus = log.childElementCount - MOST_LINES;
        if (surplus <= 0) return;
        for (const line of [...log.children].slice(0, surplus)) line.remove();
        first = numberOf(log.firstElementChild);
    }

    function trimEnd() {
        const surplus = log.childElementCount - MOST_LINES;
        if (surplus <= 0) return;
        for (const line of [...log.children].slice(-surplus)) line.remove();
        last = numberOf(log.lastElementChild);
    }

    async function loadEarlier() {
        const asked = first;
        const lines = linesOf(await fetchLines({ before: first }));
        if (asked !== first) return;
        keepingPlace(() => log.prepend(...lines));
        first = lines.length ? numberOf(lines[0]) : 1;
        trimEnd();
        changed();
    }

    async function loadLater() {
        const asked = last;
        const lines = linesOf(await fetchLines({ after: last }));
        if (asked !== last) return;
        if (!lines.length) newest = last;
        append(lines);
        keepingPlace(trimStart);
        changed();
    }

    async function show(query) {
        const lines = linesOf(await fetchLines(query));
        if (!lines.length) return;
        log.replaceChildren();
        first = 0;
        append(lines);
    }

    async function toEnd() {
        if (!hasEnd()) {
            await show({ before: 999999999 });
            newest = last;
            changed();
        }
        toBottom();
    }

    // One request at a time; failures are shown, and the next scroll retries.
    function busily(load) {
        works += 1;
        work = work.then(load)
            .then(() => say(stateWord()))
            .catch((error) => say(`Lines could not be loaded: ${error.message}`, error.link))
            .finally(() => { works -= 1; });
    }

    function scrolled() {
        noteDirection();
        if (works) return;
        if (log.scrollTop < NEAR && first > 1) busily(loadEarlier);
        else if (log.scrollHeight - log.scrollTop - log.clientHeight < NEAR && !hasEnd()) busily(loadLater);
    }

    // Load the rest of logs of a normal size, so that the browser's own search covers them.
    async function fill() {
        if (newest > NORMAL || (first <= 1 && hasEnd())) return;
        await (first > 1 ? loadEarlier() : loadLater());
        busily(fill);
    }

    // --- While it runs ---------------------------------------------------------------------------

    function received(lines) {
        // Do not move what somebody further up is reading: the window then ends before the log does.
        if (!follow.checked && log.childElementCount + lines.length > MOST_LINES) {
            newest = numberOf(lines.at(-1));
            return changed();
        }
        append(lines);
        if (!follow.checked) return;
        trimStart();
        changed();
        toBottom();
    }

    // --- Following -------------------------------------------------------------------------------

    function toBottom() {
        log.scrollTop = log.scrollHeight;
        top = log.scrollTop;
    }

    // Only the check box decides whether to follow.
    function setFollowing(isOn) {
        if (follow.checked && !isOn) seen = newest;
        follow.checked = isOn;
        showJump();
    }

    // Scrolling up means reading; scrolling to the end means following.
    function noteDirection() {
        if (log.scrollTop < top && !atBottom()) setFollowing(false);
        else if (log.scrollTop > top && atBottom() && active) setFollowing(true);
        top = log.scrollTop;
    }

    function showJump() {
        const count = follow.checked ? 0 : Math.max(0, newest - seen);
        jump.hidden = !count || (!active && atBottom());
        const lines = `${count.toLocaleString("en-GB")} new line${count === 1 ? "" : "s"}`;
        jump.querySelector("[data-said]").textContent = `${lines}, jump to ${active ? "live" : "the end"}`;
    }

    async function jumpToEnd() {
        setFollowing(true);
        await toEnd();
        log.focus({ preventScroll: true });
    }

    // Returns true to go on: while the job is active, or there are lines that the page does not have.
    async function ask() {
        const asked = last;
        const fragment = await fetchLines(hasEnd() ? { after: last } : { only: "state" });
        const lines = linesOf(fragment);
        newest = Math.max(newest, Number(fragment.dataset.newest) || 0);
        if (lines.length && asked === last) {
            flowedAt = performance.now();
            received(lines);
        }
        later.hidden = hasEnd();
        showJump();
        more = fragment.dataset.more === "yes";
        return more || active;
    }

    function pause() {
        if (more) return 0;
        if (!header) return UNHURRIED;
        return performance.now() - flowedAt < QUIET_AFTER ? LIVELY : QUIET;
    }

    const stateWord = () => (trouble ? "not live" : active ? "live" : "");

    function sayState(words, link) {
        trouble = words;
        banner(words, link);
        say(stateWord());
        fit(); // the content above has shrunk or grown
    }

    // --- Where one looks -------------------------------------------------------------------------

    // If the line is not in the window, load the lines around it.
    async function go(number) {
        if (number < first || number > last) await show({ after: Math.max(0, number - 250) });
        log.dispatchEvent(new CustomEvent("log:shown", { detail: Math.min(number, last) }));
        const line = document.getElementById(`L${Math.min(number, last)}`);
        if (line && !isInSight(line)) line.scrollIntoView({ block: "center" });
        top = log.scrollTop;
    }

    // On a phone the header alone may fill the window: whoever follows, and has not scrolled, is led
    // to the newest line.
    function reveal() {
        const isLed = header && active && follow.checked && !scrollY && !location.hash;
        if (isLed && log.getBoundingClientRect().bottom > innerHeight) log.scrollIntoView({ block: "end" });
    }

    function isInSight(line) {
        const { top: above, bottom: below } = log.getBoundingClientRect();
        const place = line.getBoundingClientRect();
        return place.top >= Math.max(above, 0) && place.bottom <= Math.min(below, innerHeight);
    }

    // While live, the whole log fits into the window, so that its newest line is visible. An empty
    // log has no layout, so it counts as starting below its bar.
    function fit() {
        if (!header) return; // a run's page has its table first
        const at = log.childElementCount ? log.getBoundingClientRect().top : bar.getBoundingClientRect().bottom;
        log.style.maxHeight = active ? `max(240px, calc(100vh - ${Math.ceil(at + scrollY) + 24}px))` : "";
        if (follow.checked && active) toBottom();
    }

    // Do not scroll the page itself: the failure is at its top, in words.
    function showFailing() {
        const line = document.getElementById(`L${log.dataset.failing}`);
        log.dispatchEvent(new CustomEvent("log:shown", { detail: Number(log.dataset.failing) }));
        if (line) log.scrollTop = line.offsetTop - log.offsetTop - log.clientHeight / 2;
    }

    earlier.addEventListener("click", () => busily(loadEarlier));
    later.querySelector("[data-log-later]").addEventListener("click", () => busily(loadLater));
    later.querySelector("[data-log-end]").addEventListener("click", () => busily(toEnd));
    jump.addEventListener("click", () => busily(jumpToEnd));
    follow.addEventListener("change", () => {
        seen = newest;
        showJump();
        if (follow.checked) busily(toEnd);
    });
    log.addEventListener("scroll", scrolled, { passive: true });
    log.addEventListener("log:go", (event) => {
        setFollowing(false);
        busily(() => go(event.detail));
    });
    window.addEventListener("resize", fit);
    new ResizeObserver(fit).observe(header ?? bar);

    fit();
    if (log.dataset.failing) showFailing();
    else toBottom();
    busily(fill);
    if (active) {
        sayState("");
        if (last) reveal();
        live.follow({ ask, say: sayState, every: pause, hidden: HIDDEN, share: header ? 0 : 1 });
    }
})();
