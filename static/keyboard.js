// Keyboard shortcuts, the same on every page. Pages declare theirs with attributes:
//   data-keys-search   "/" focuses this field (a list's own search field does not need it)
//   data-keys-rows     "j" and "k" move through the children (a list's rows do not need it)
//   data-keys-open     the link of such a row that Enter follows; by default its first link
//   data-key="r"       this letter's element: a link is followed, a button only gets the focus, so
//                      that no single key starts or ends anything
//   data-key-help="…"  its text in the help
// Shortcuts to other pages come from the apps' menu entries; #io-shortcuts has those that the user
// may use: {keys: "g j", words, url}.
"use strict";

(() => {
    const ROWS = "#result_list tbody tr, [data-keys-rows] > *";
    const SEARCH = "[data-keys-search], #searchbar";

    let going = false;

    const isShown = (element) => element.checkVisibility();
    const first = (selector) => [...document.querySelectorAll(selector)].find(isShown);
    const shortcuts = () => JSON.parse(document.getElementById("io-shortcuts")?.textContent || "[]");

    const isTyping = (target) => target.isContentEditable
        || target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");

    function search() {
        const field = first(SEARCH);
        if (field) {
            field.focus();
            field.select?.();
        } else {
            window.dispatchEvent(new CustomEvent("opencommand"));
        }
    }

    const rowsHere = () => [...document.querySelectorAll(ROWS)].filter(isShown);
    const linkOf = (row) => row.querySelector("[data-keys-open]") || row.querySelector("th a[href]")
        || row.querySelector("a[href]");

    function move(step) {
        const rows = rowsHere();
        if (!rows.length) return;
        const now = rows.findIndex((row) => row.contains(document.activeElement));
        const next = now < 0 ? (step > 0 ? 0 : rows.length - 1) : now + step;
        const row = rows[Math.min(Math.max(next, 0), rows.length - 1)];
        linkOf(row)?.focus();
        row.scrollIntoView({ block: "nearest" });
    }

    // Remember the opened row in the page's history entry: whoever comes back continues from there,
    // while a fresh visit to the list starts at the top.
    function noteOpened(event) {
        const link = event.target.closest?.("a[href]");
        const row = link?.closest(ROWS);
        if (!row) return;
        const opened = { href: linkOf(row)?.getAttribute("href"), nth: rowsHere().indexOf(row) };
        history.replaceState({ ...history.state, opened }, "");
    }

    function goToOpened() {
        const { opened } = history.state ?? {};
        if (!opened || document.activeElement !== document.body) return;
        const rows = rowsHere();
        // Rows may have been added above it, or it may be gone.
        const row = rows.find((each) => linkOf(each)?.getAttribute("href") === opened.href) ?? rows[opened.nth];
        if (row) linkOf(row)?.focus({ preventScroll: true });
    }

    function use(element) {
        if (element.matches("a[href]")) element.click();
        else element.focus();
    }

    function go(keys) {
        const found = shortcuts().find((shortcut) => shortcut.keys === keys);
        if (found) location.assign(found.url);
    }

    function press(key) {
        const here = first(`[data-key="${CSS.escape(key)}"]`);
        if (here) use(here);
        else go(key);
    }

    function entries() {
        const shown = [["/", "Search"], ["j", "Next row"], ["k", "Previous row"], ["Enter", "Open the row"]];
        const own = [...document.querySelectorAll("[data-key]")].filter(isShown)
            .map((element) => [element.dataset.key, element.dataset.keyHelp || element.textContent.trim()]);
        const places = shortcuts().map(({ keys, words }) => [keys, words])
            .filter(([keys]) => !own.some(([key]) => key === keys));
        return [...shown, ...own, ...places, ["?", "This help"], ["Esc", "Close"]];
    }

    function help() {
        const dialog = document.createElement("dialog");
        dialog.className = "io-keys";
        dialog.setAttribute("aria-labelledby", "io-keys-title");
        const title = Object.assign(document.createElement("h2"), { id: "io-keys-title", textContent: "Keyboard" });
        const list = document.createElement("dl");
        for (const [key, words] of entries()) {
            const row = document.createElement("div");
            const name = document.createElement("dt");
            for (const part of key.split(" ")) {
                name.append(Object.assign(document.createElement("kbd"), { textContent: part }));
            }
            row.append(name, Object.assign(document.createElement("dd"), { textContent: words }));
            list.append(row);
        }
        const close = Object.assign(document.createElement("button"), { type: "button", className: "io-button", textContent: "Close" });
        close.addEventListener("click", () => dialog.close());
        dialog.append(title, list, close);
        dialog.addEventListener("close", () => dialog.remove());
        document.body.append(dialog);
        dialog.showModal();
    }

    document.addEventListener("click", noteOpened, { capture: true });
    window.addEventListener("pageshow", goToOpened);
    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
        if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
        const { key } = event;
        if (going) {
            going = false;
            go(`g ${key}`);
            return;
        }
        if (key === "/") search();
        else if (key === "j") move(1);
        else if (key === "k") move(-1);
        else if (key === "?") help();
        else if (key === "g") going = true;
        else if (key.length === 1) return press(key);
        else return;
        event.preventDefault();
    });
})();
