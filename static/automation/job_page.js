// What the header of a job's page does: the duration and its bar go on, and texts are copied.
"use strict";

(() => {
    const header = document.getElementById("job-header");

    function inWords(seconds) {
        const minutes = Math.floor(seconds / 60);
        if (minutes < 1) return `${seconds} s`;
        if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
        return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
    }

    function tick() {
        const duration = header.querySelector("[data-since]");
        if (!duration) return;
        const seconds = Math.max(0, Math.floor(Date.now() / 1000) - Number(duration.dataset.since));
        duration.textContent = inWords(seconds);
        const bar = header.querySelector(".io-progress");
        if (bar) bar.value = seconds;
    }

    // Where the console is not on HTTPS, browsers have no clipboard for scripts but this old one.
    function copiedTheOldWay(source) {
        const range = document.createRange();
        range.selectNodeContents(source);
        const selection = getSelection();
        selection.removeAllRanges();
        selection.addRange(range);
        const done = document.execCommand("copy");
        selection.removeAllRanges();
        return done;
    }

    async function copied(source) {
        try {
            await navigator.clipboard.writeText(source.textContent);
            return true;
        } catch {
            return copiedTheOldWay(source);
        }
    }

    async function copy(button) {
        const said = button.querySelector("[data-said]");
        said.textContent = await copied(document.getElementById(button.dataset.copy)) ? "Copied" : "Not copied";
        setTimeout(() => { said.textContent = "Copy"; }, 2000);
    }

    function showButtons() {
        for (const button of header.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
    }

    header.addEventListener("click", (event) => {
        const button = event.target.closest("[data-copy]");
        if (button) copy(button);
    });
    new MutationObserver(showButtons).observe(header, { childList: true });
    showButtons();
    setInterval(tick, 1000);
})();
