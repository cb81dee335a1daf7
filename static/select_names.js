// Searchable selects (select2) hide the real field without passing on its label: screen readers would
// read a box without a name.
"use strict";

(() => {
    const PARTS = ".select2-selection, .select2-selection__rendered, .select2-search__field";

    function name(select) {
        const words = select.labels?.[0]?.textContent.trim() || select.getAttribute("aria-label");
        const box = select.nextElementSibling;
        if (!words || !box?.classList.contains("select2-container")) return;
        for (const part of box.querySelectorAll(PARTS)) part.setAttribute("aria-label", words);
    }

    const nameAll = () => document.querySelectorAll("select.select2-hidden-accessible").forEach(name);

    addEventListener("load", () => {
        nameAll();
        // For forms and filters that are added or replaced later.
        new MutationObserver(nameAll).observe(document.body, { childList: true, subtree: true });
    });
})();
