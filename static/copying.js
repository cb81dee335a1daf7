// Copy buttons: [data-copy] copies the text of the element with that id, [data-copy-address] the
// page's own URL. The script shows them, as they would do nothing without it.
"use strict";

(() => {
    function select(source) {
        const range = document.createRange();
        range.selectNodeContents(source);
        const selection = getSelection();
        selection.removeAllRanges();
        selection.addRange(range);
    }

    // Without HTTPS, browsers offer scripts no other clipboard than this old one: it takes what is
    // selected. What stands on the page stays selected, so that its reader can copy it all the same.
    function copiedTheOldWay(shown, text) {
        const source = shown ?? Object.assign(document.createElement("pre"), { textContent: text });
        if (!shown) document.body.append(source);
        select(source);
        const done = document.execCommand("copy");
        if (!shown) source.remove();
        return done;
    }

    async function copied(shown, text) {
        try {
            await navigator.clipboard.writeText(text);
            return true;
        } catch {
            return copiedTheOldWay(shown, text);
        }
    }

    async function copy(button) {
        const said = button.querySelector("[data-said]");
        const words = said.dataset.words ??= said.textContent;
        const { copy: source } = button.dataset;
        const shown = source ? document.getElementById(source) : null;
        const done = await copied(shown, shown ? shown.textContent : location.href);
        said.textContent = done ? "Copied" : shown ? "Selected: press Ctrl+C" : "Could not copy";
        setTimeout(() => { said.textContent = words; }, done ? 2000 : 10000);
    }

    function showButtons() {
        for (const button of document.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
    }

    document.addEventListener("click", (event) => {
        const button = event.target.closest?.("[data-copy], [data-copy-address]");
        if (button) copy(button);
    });
    // Live pages replace their headers.
    new MutationObserver(showButtons).observe(document.getElementById("content") ?? document.body, { childList: true, subtree: true });
    showButtons();
})();
