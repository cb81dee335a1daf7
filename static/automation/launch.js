// The launch form: fields for the chosen playbook's variables, and how many servers it will touch.
"use strict";

(() => {
    const form = document.getElementById("launch-form");
    const playbook = form.querySelector('[name="playbook"]');
    const servers = form.querySelector('[name="servers"]');
    const filters = [form.elements.environment, form.elements.tag];
    const countUrl = form.querySelector("[data-count-url]").dataset.countUrl;
    const variables = document.getElementById("launch-variables");
    const url = form.querySelector("[data-variables-url]").dataset.variablesUrl;

    // What was typed, by name, so that it is still there when one changes the playbook and back.
    const typed = new Map();

    function remember() {
        for (const field of variables.querySelectorAll("[name]")) {
            typed.set(field.name, field.type === "checkbox" ? field.checked : field.value);
        }
    }

    function restore() {
        for (const field of variables.querySelectorAll("[name]")) {
            if (!typed.has(field.name)) continue;
            if (field.type === "checkbox") field.checked = typed.get(field.name);
            else field.value = typed.get(field.name);
        }
    }

    async function showVariables() {
        remember();
        const asked = { playbook: playbook.value, relaunch_of: form.elements.relaunch_of.value };
        const answer = await fetch(`${url}?${new URLSearchParams(asked)}`);
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        variables.replaceChildren(...page.body.childNodes);
        restore();
    }

    let asked = 0; // answers may overtake each other: only the last question's is shown

    async function count() {
        const question = ++asked;
        let chosen = servers.selectedOptions.length;
        if (filters.some((field) => field.value.trim())) {
            const given = Object.fromEntries(filters.map((field) => [field.name, field.value]));
            const answer = await fetch(`${countUrl}?${new URLSearchParams(given)}`);
            if (!answer.ok) return;
            chosen = (await answer.json()).count;
        }
        if (question === asked) document.getElementById("launch-count").textContent = chosen;
    }

    playbook.addEventListener("change", showVariables);
    form.querySelector('[name="check_mode"]').addEventListener("change", (event) => {
        document.getElementById("launch-dry").hidden = !event.target.checked;
    });
    // The searchable select announces its changes through jQuery only.
    django.jQuery(servers).on("change", count);
    for (const field of filters) field.addEventListener("input", count);
    form.addEventListener("submit", () => {
        for (const button of form.querySelectorAll('[type="submit"]')) button.disabled = true;
    });
})();
