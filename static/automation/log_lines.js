// Lines of a log have addresses: #L10 is one line, #L10-L20 several. Clicking a number selects a
// line, clicking another with Shift selects all lines in between. The selection is highlighted and
// becomes part of the page's URL. #L0 means the first line, a number beyond the end the last one.
"use strict";

(() => {
    const log = document.getElementById("log");
    const copy = document.getElementById("log-copy");

    let chosen = null; // [first, last]
    let anchor = 0; // the fixed end of a range

    const LARGEST = 999999999; // the server reads no longer number

    const numberOf = (line) => Number(line.id.slice(1));
    const numberIn = (digits) => Math.min(Math.max(Number(digits), 1), LARGEST);

    // "#L20-L10" equals "#L10-L20"; null for any other hash.
    function rangeIn(hash) {
        const found = hash.match(/^#L(\d+)(?:-L?(\d+))?$/);
        if (!found) return null;
        const ends = [numberIn(found[1]), numberIn(found[2] ?? found[1])];
        return ends.sort((one, other) => one - other);
    }

    const hashOf = ([first, last]) => (first === last ? `#L${first}` : `#L${first}-L${last}`);

    function mark() {
        for (const line of log.querySelectorAll(".io-here")) line.classList.remove("io-here");
        copy.hidden = !chosen || rangeIn(location.hash) === null;
        if (!chosen || !log.firstElementChild) return;
        const first = numberOf(log.firstElementChild);
        // Line numbers have no gaps.
        const lines = [...log.children].slice(Math.max(0, chosen[0] - first), Math.max(0, chosen[1] - first + 1));
        for (const line of lines) line.classList.add("io-here");
    }

    function choose(range) {
        chosen = range;
        log.dispatchEvent(new CustomEvent("log:go", { detail: range[0] }));
    }

    function goToHash() {
        const range = rangeIn(location.hash);
        if (!range) return;
        history.replaceState(history.state, "", hashOf(range));
        [anchor] = range;
        choose(range);
    }

    function clicked(event) {
        const link = event.target.closest(".io-number");
        if (!link) return;
        event.preventDefault();
        const number = numberOf(link.closest(".io-line"));
        const isRange = event.shiftKey && anchor;
        if (!isRange) anchor = number;
        const range = [Math.min(anchor, number), Math.max(anchor, number)];
        history.replaceState(history.state, "", hashOf(range));
        choose(range);
    }

    log.addEventListener("click", clicked);
    // Otherwise the browser would select the text in between when Shift is pressed.
    log.addEventListener("mousedown", (event) => {
        if (event.shiftKey && event.target.closest(".io-number")) event.preventDefault();
    });
    log.addEventListener("log:changed", mark);
    log.addEventListener("log:shown", ({ detail }) => {
        if (detail !== chosen?.[0]) chosen = [detail, detail]; // a search hit, or the failure
        mark();
    });
    window.addEventListener("hashchange", goToHash);
    // Deferred, like the log's own script, which is ready by then.
    document.addEventListener("DOMContentLoaded", goToHash);
})();
