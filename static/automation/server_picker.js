// The servers of the launch form: check boxes for those that are chosen, and for others that match
// what one types. The server renders them; what is ticked stays ticked.
"use strict";

const serverPicker = (() => {
    const WAIT = 200; // milliseconds without a key before it asks

    const box = document.getElementById("launch-servers");
    const picks = document.getElementById("launch-picks");
    const search = box.querySelector('[type="search"]');
    let latest = 0; // the number of the newest question: answers to older ones are dropped
    let pending = null; // the keys that `choose` waits for, if it does
    let timer = 0;

    const fields = () => [...picks.querySelectorAll('[name="servers"]')];
    const values = () => pending ?? ticked();
    const ticked = () => fields().filter((each) => each.type === "hidden" || each.checked).map((each) => each.value);

    async function fetchRows(keys) {
        const asked = new URLSearchParams({ q: search.value });
        asked.append("csrfmiddlewaretoken", box.form.elements.csrfmiddlewaretoken.value);
        for (const key of keys) asked.append("servers", key);
        return live.fetchFragment(box.dataset.url, "#server-rows", { method: "POST", body: asked });
    }

    // What was ticked or unticked while the answer was on its way counts, and no row of it is lost.
    function show(rows, wanted) {
        for (const field of rows.querySelectorAll('[type="checkbox"]')) field.checked = wanted.delete(field.value);
        for (const field of rows.querySelectorAll('[type="hidden"]')) if (!wanted.delete(field.value)) field.remove();
        const left = fields().filter((field) => wanted.has(field.value)).map((field) => field.closest("label") ?? field);
        rows.prepend(...left);
        picks.replaceChildren(rows);
    }

    async function find() {
        latest += 1;
        const question = latest;
        try {
            const rows = await fetchRows(values());
            if (question === latest) show(rows, new Set(values()));
        } catch (error) {
            if (question === latest) say(`Search failed. ${error.message}`, error.link);
        }
    }

    function say(words, link) {
        picks.querySelector("[role=alert]")?.remove();
        const note = Object.assign(document.createElement("p"), { className: "io-live-error" });
        note.setAttribute("role", "alert");
        picks.append(note);
        live.sayIn(note)(words, link);
    }

    // Chooses these and no others, and announces it as a person's choice would be. The newest choice
    // counts, whichever answer comes last.
    async function choose(keys) {
        latest += 1;
        search.value = "";
        const own = pending = keys.map(String);
        try {
            const rows = await fetchRows(own);
            if (pending !== own) return;
            show(rows, new Set(own));
        } catch (error) {
            if (pending === own) throw error;
            return;
        } finally {
            if (pending === own) pending = null;
        }
        picks.dispatchEvent(new Event("servers-chosen", { bubbles: true }));
    }

    search.hidden = false;
    search.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(find, WAIT);
    });
    search.addEventListener("keydown", (event) => {
        if (event.key === "Enter") event.preventDefault();
    });

    return { choose, values };
})();
