// The launch form: the chosen playbook's fields, and what the form as it stands would run. The
// server says it, by the checks of the launch itself. From the first change on, the button is off
// until the plan of what the fields hold by then has come: what is shown is what runs.
"use strict";

(() => {
    const WAIT = 250; // milliseconds without a change before it asks
    const PATIENCE = 20_000; // milliseconds until an answer counts as lost
    // Neither part of what is planned, nor to be brought back by "Back".
    const OF_THE_PLAN = ["expect", "shown"];

    const form = document.getElementById("launch-form");
    const playbook = form.elements.playbook;
    const servers = form.elements.servers;
    const variables = document.getElementById("launch-variables");
    const run = form.querySelector('[data-part="button"]');
    const again = document.getElementById("launch-check");
    const failed = document.getElementById("launch-failed");

    // --- Fields -------------------------------------------------------------------------------

    const within = (place) => [...place.querySelectorAll("[name]")];
    const valueOf = (field) => (field.type === "checkbox" ? field.checked : field.value);
    const isKept = (field) => field.name && field !== servers && !["hidden", "password", "submit"].includes(field.type);

    function content() {
        const data = new FormData(form);
        for (const name of OF_THE_PLAN) data.delete(name);
        return new URLSearchParams(data).toString();
    }

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

    function showVariables(page, chosen) {
        // Only now: what is typed while the answer is on its way counts too.
        for (const field of within(variables)) typed.set(field.name, valueOf(field));
        variables.replaceChildren(...page.body.childNodes);
        variables.dataset.playbook = chosen;
        fill(within(variables).filter((field) => typed.has(field.name)).map((field) => [field.name, typed.get(field.name)]));
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
        button.querySelector("[data-label]").textContent = button.ariaPressed === "true" ? "Undo" : "Use these values";
        ask();
    }

    // --- What would run -----------------------------------------------------------------------

    const touched = new Set(); // only what one has been at is marked as wrong before it is sent
    let latest = 0; // the number of the newest question: answers to older ones are dropped
    let wanted = null; // the content that the newest question is about
    let planned = null; // the content that the shown plan is of
    let timer = 0;
    let asking = null;

    const isRunnable = () => planned !== null && planned === content() && Boolean(form.elements.expect?.value);

    /** Turn the button off at once, and ask when nothing has changed for a moment. */
    function ask(wait = WAIT) {
        latest += 1;
        wanted = content();
        planned = null;
        asking?.abort();
        clearTimeout(timer);
        timer = setTimeout(plan, wait, latest);
        show("checking", "hourglass_empty", "Checking…");
    }

    async function plan(question) {
        asking = new AbortController();
        const patience = setTimeout((each) => each.abort(), PATIENCE, asking);
        try {
            await answer(question, asking.signal);
        } catch (error) {
            if (question === latest) fail(error);
        } finally {
            clearTimeout(patience);
        }
    }

    async function answer(question, signal) {
        const chosen = playbook.value;
        if (variables.dataset.playbook !== chosen) {
            const wanted = new URLSearchParams({ playbook: chosen, relaunch_of: form.elements.relaunch_of.value });
            const page = await fetched(`${form.dataset.variablesUrl}?${wanted}`, { signal });
            if (question !== latest) return;
            showVariables(page, chosen);
        }
        const asked = wanted = content();
        const page = await fetched(form.dataset.planUrl, { method: "POST", body: new URLSearchParams(asked), signal });
        if (question !== latest) return;
        if (asked !== content()) return ask(0); // changed by what tells nobody of it
        keep();
        replaceParts(page);
        planned = asked;
        form.dataset.plan = "known";
        run.ariaDisabled = String(!isRunnable());
    }

    async function fetched(url, options) {
        const response = await fetch(url, options);
        if (response.status === 401) throw Object.assign(new Error("Your session has ended."), { link: live.LOG_IN });
        if (!response.ok) throw new Error(`The server could not check this launch (error ${response.status}).`);
        return new DOMParser().parseFromString(await response.text(), "text/html");
    }

    function fail(error) {
        const isNetwork = error instanceof TypeError || error.name === "AbortError";
        const words = isNetwork ? "The server does not answer, so this launch cannot be checked." : error.message;
        live.sayIn(failed)(words, error.link);
        show("unknown", "block", "Not checked");
    }

    function show(state, icon, label) {
        form.dataset.plan = state;
        failed.hidden = state !== "unknown";
        again.tabIndex = state === "unknown" ? 0 : -1;
        run.ariaDisabled = "true";
        run.querySelector("span").textContent = icon;
        run.lastChild.textContent = label;
    }

    function replaceParts(page) {
        for (const part of page.querySelectorAll("[data-part]")) {
            const here = form.querySelector(`[data-part="${part.dataset.part}"]`);
            here.className = part.className;
            if (here.innerHTML === part.innerHTML) continue;
            const isOpen = here.querySelector("details")?.open;
            here.replaceChildren(...part.childNodes);
            if (isOpen && here.querySelector("details")) here.querySelector("details").open = true;
        }
        showErrors([...page.querySelectorAll("[data-error-of]")]);
    }

    function showErrors(errors) {
        takeOverErrors();
        for (const shown of form.querySelectorAll(".io-live-error")) shown.remove();
        for (const field of form.querySelectorAll('[aria-invalid="true"]')) field.removeAttribute("aria-invalid");
        for (const error of errors) {
            const field = form.elements[error.dataset.errorOf];
            const place = field?.closest?.(".group");
            if (!place || !touched.has(field.name)) continue;
            const line = document.createElement("p");
            line.className = "io-live-error";
            line.textContent = error.textContent;
            place.append(line);
            field.setAttribute("aria-invalid", "true");
        }
        if (!errors.length) document.getElementById("launch-refused")?.remove();
    }

    /** What the server had marked is marked anew by each plan, for as long as it is wrong. */
    function takeOverErrors() {
        for (const place of form.querySelectorAll(".group.errors")) {
            for (const field of within(place)) touched.add(field.name);
            place.classList.remove("errors");
            place.querySelector(":scope > div > ul")?.parentElement.remove();
        }
    }

    // --- "Back" -------------------------------------------------------------------------------

    /** Leave in the history what the fields hold, secrets aside: a browser by itself brings back
        neither variables nor servers, which are not in the page that it loads again. */
    function keep() {
        const fields = [...form.elements].filter(isKept).map((field) => [field.name, valueOf(field)]);
        const chosen = [...servers.selectedOptions].map((option) => [option.value, option.text]);
        history.replaceState({ ...history.state, launch: { fields, chosen } }, "");
    }

    function bringBack({ fields, chosen }) {
        for (const [name, value] of fields) typed.set(name, value);
        fill(fields);
        servers.replaceChildren(...chosen.map(([value, text]) => new Option(text, value, true, true)));
        django.jQuery(servers).trigger("change.select2");
    }

    /** Of a page that was left as it was ("Back" from a cache): its key has launched, maybe. */
    function renew() {
        const digits = crypto.getRandomValues(new Uint8Array(16));
        form.elements.key.value = [...digits].map((each) => each.toString(16).padStart(2, "0")).join("");
        for (const field of form.querySelectorAll('[type="password"]')) field.value = "";
    }

    // --- Events -------------------------------------------------------------------------------

    const hasBegun = () => ["playbook", "servers", "environment", "tag", "search"].some((name) => form.elements[name].value);

    function changed(event) {
        if (!event.target.name) return; // the search of the searchable select
        touched.add(event.target.name);
        // Leaving a field announces once more what was asked about as one typed.
        if (content() !== wanted) ask();
    }

    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    // The searchable select announces its changes through jQuery only.
    django.jQuery(servers).on("change", (event) => {
        if (!event.namespace) changed({ target: servers });
    });
    variables.addEventListener("click", (event) => {
        const button = event.target.closest("#launch-remembered");
        if (button) toggleRemembered(button);
    });
    form.addEventListener("submit", (event) => {
        if (event.submitter === run && form.dataset.plan === "known" && isRunnable()) {
            keep();
            show("launching", "hourglass_empty", "Launching…");
            // Should nothing come of it: the key makes one run of two attempts.
            timer = setTimeout(ask, PATIENCE);
            return;
        }
        event.preventDefault();
        if (event.submitter !== run || wanted !== content()) ask(0); // Enter in a field, or "Check again"
    });
    window.addEventListener("pagehide", keep);
    // After the browser has filled in what it remembers.
    window.addEventListener("pageshow", (event) => {
        if (event.persisted) renew();
        if (event.persisted || hasBegun()) ask(0);
    });

    run.disabled = false;
    run.ariaDisabled = "true";
    again.textContent = "Check again";
    again.tabIndex = -1;
    form.dataset.plan = "empty";
    if (history.state?.launch) bringBack(history.state.launch);
})();
