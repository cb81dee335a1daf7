// The launch form: the chosen playbook's fields, and what the form as it stands would run. The
// server says it, by the checks of the launch itself; this script asks whenever something changes.
"use strict";

(() => {
    const WAIT = 250; // milliseconds without a change before it asks

    const form = document.getElementById("launch-form");
    const playbook = form.querySelector('[name="playbook"]');
    const servers = form.querySelector('[name="servers"]');
    const variables = document.getElementById("launch-variables");
    const url = form.querySelector("[data-variables-url]").dataset.variablesUrl;

    // --- Fields -------------------------------------------------------------------------------

    const within = (place) => [...place.querySelectorAll("[name]")];
    const valueOf = (field) => (field.type === "checkbox" ? field.checked : field.value);

    function fill(values) {
        for (const [name, value] of values) {
            const field = form.elements[name];
            if (!field) continue;
            if (field.type === "checkbox") field.checked = value;
            else field.value = value;
        }
    }

    // What was typed, by name, so that it is still there when one changes the playbook and back.
    const typed = new Map();

    async function showVariables() {
        const asked = { playbook: playbook.value, relaunch_of: form.elements.relaunch_of.value };
        const answer = await fetch(`${url}?${new URLSearchParams(asked)}`);
        if (!answer.ok || asked.playbook !== playbook.value) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        // Only now: what is typed while the answer is on its way counts too.
        for (const field of within(variables)) typed.set(field.name, valueOf(field));
        variables.replaceChildren(...page.body.childNodes);
        fill(within(variables).filter((field) => typed.has(field.name)).map((field) => [field.name, typed.get(field.name)]));
        ask();
    }

    // --- The values of one's last run, and back -----------------------------------------------

    let before = null; // what stood in the fields before they were taken

    function toggleRemembered(button) {
        const values = Object.entries(JSON.parse(button.closest("[data-values]").dataset.values));
        if (before === null || button.ariaPressed !== "true") {
            before = values.filter(([name]) => form.elements[name]).map(([name]) => [name, valueOf(form.elements[name])]);
            fill(values);
        } else {
            fill(before);
        }
        button.ariaPressed = String(button.ariaPressed !== "true");
        button.querySelector("[data-label]").textContent = button.ariaPressed === "true" ? "Put back what was here" : "Use these values";
        ask();
    }

    // --- What would run -----------------------------------------------------------------------

    const touched = new Set(); // only what one has been at is marked as wrong before it is sent
    let timer = 0;
    let asking = null;

    function ask() {
        clearTimeout(timer);
        timer = setTimeout(showPlan, WAIT);
    }

    async function showPlan() {
        asking?.abort();
        asking = new AbortController();
        try {
            const answer = await fetch(form.dataset.planUrl, { method: "POST", body: new URLSearchParams(new FormData(form)), signal: asking.signal });
            // Led elsewhere, it was to the log-in.
            if (!answer.ok || answer.redirected) throw new Error(`answered ${answer.status}`);
            replaceParts(new DOMParser().parseFromString(await answer.text(), "text/html"));
        } catch (error) {
            if (error.name !== "AbortError") form.dataset.plan = "unknown";
        }
    }

    function replaceParts(page) {
        for (const part of page.querySelectorAll("[data-part]")) {
            const here = form.querySelector(`[data-part="${part.dataset.part}"]`);
            if (here.innerHTML === part.innerHTML) continue;
            const isOpen = here.querySelector("details")?.open;
            here.className = part.className;
            here.replaceChildren(...part.childNodes);
            if (isOpen && here.querySelector("details")) here.querySelector("details").open = true;
        }
        showErrors([...page.querySelectorAll("[data-error-of]")]);
        form.dataset.plan = "known";
    }

    function showErrors(errors) {
        for (const shown of form.querySelectorAll(".io-live-error")) shown.remove();
        for (const field of form.querySelectorAll('[aria-invalid="true"]')) field.removeAttribute("aria-invalid");
        for (const error of errors) {
            const field = form.elements[error.dataset.errorOf];
            const place = field?.closest?.(".group");
            if (!place || !touched.has(field.name) || place.classList.contains("errors")) continue;
            const line = document.createElement("p");
            line.className = "io-live-error";
            line.textContent = error.textContent;
            place.append(line);
            field.setAttribute("aria-invalid", "true");
        }
    }

    // --- Events -------------------------------------------------------------------------------

    function changed(event) {
        touched.add(event.target.name);
        // What the server has marked before is looked at anew, once it is changed.
        event.target.closest(".errors")?.classList.remove("errors");
        if (event.target !== playbook) ask();
        else if (event.type === "change") showVariables(); // a choice is an "input" as well
    }

    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    // The searchable select announces its changes through jQuery only.
    django.jQuery(servers).on("change", () => changed({ target: servers }));
    variables.addEventListener("click", (event) => {
        const button = event.target.closest("#launch-remembered");
        if (button) toggleRemembered(button);
    });
    form.addEventListener("submit", () => {
        for (const button of form.querySelectorAll('[type="submit"]')) button.disabled = true;
    });
    // Brought back as it was left ("Back" from a cache), it would send an old key.
    window.addEventListener("pageshow", (event) => {
        if (event.persisted) location.reload();
    });
    if (playbook.value || servers.selectedOptions.length) ask();
})();
