// Copy buttons: [data-copy] copies the text of the element with that id, [data-copy-address] the
// page's own URL. The script shows them, as they would do nothing without it.
"use strict";

(() => {
    // Without HTTPS, browsers offer scripts no other clipboard than this old one.
    function copiedTheOldWay(text) {
        const source = Object.assign(document.createElement("pre"), { textContent: text });
        document.body.append(source);
        const range = document.createRange();
        range.selectNodeContents(source);
        const selection = getSelection();
        selection.removeAllRanges();
        selection.addRange(range);
        const done = document.execCommand("copy");
        selection.removeAllRanges();
        source.remove();
        return done;
    }

    async function copied(text) {
        try {
            await navigator.clipboard.writeText(text);
            return true;
        } catch {
            return copiedTheOldWay(text);
        }
    }

    async function copy(button) {
        const said = button.querySelector("[data-said]");
        const words = said.dataset.words ??= said.textContent;
        const { copy: source } = button.dataset;
        const text = source ? document.getElementById(source).textContent : location.href;
        said.textContent = await copied(text) ? "Copied" : "Could not copy";
        setTimeout(() => { said.textContent = words; }, 2000);
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
