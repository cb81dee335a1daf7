// The launch form: the fields of the chosen playbook, and a preview of what the form would run. The
// server creates it with the checks of the launch itself. After the first change the button is
// disabled until the preview of the current fields has arrived: what is shown is what runs.
"use strict";

(() => {
    const WAIT = 250; // milliseconds without a change before it asks
    const PATIENCE = 20_000; // milliseconds until a response counts as lost
    // Neither part of the plan, nor to be restored by "Back".
    const OF_THE_PLAN = ["expect", "shown"];

    const form = document.getElementById("launch-form");
    const playbook = form.elements.playbook;
    const variables = document.getElementById("launch-variables");
    const options = document.getElementById("launch-options");
    const run = form.querySelector('[data-part="button"]');
    const again = document.getElementById("launch-check");
    const failed = document.getElementById("launch-failed");

    // --- Fields -------------------------------------------------------------------------------

    const within = (place) => [...place.querySelectorAll("[name]")];
    const valueOf = (field) => (field.type === "checkbox" ? field.checked : field.value);
    // JSON or YAML that names a secret counts as one, too: as in unsent.js.
    const SECRET = /p[aä]ss|ｐａｓｓ|pwd|pw\d*\W*$|pin\W*$|secret|token|cred|keys?\d*\W*$|key_base|keytab|auth|jwt|dsn|bearer|psk|cookie|salt|seed|codes?\W*$|community|webhook|kubeconfig|conn|ur[il]\W*$|kennwort|mdp|contrase|senha|wachtwoord|senord|adgangskode|salasana|has[lł]o|heslo|parool|parola|[sş]ifre|jelsz|lozinka|geheim|парол|パスワード|密[码碼]|비밀번호/i;
    const namesSecret = (pair) => /[:=]/.test(pair) && SECRET.test(pair.split(/[:=]/, 1)[0]);
    const isSecret = (field) => field.type === "password" || "secret" in field.dataset || (field.localName === "textarea" && field.value.split(/[\n,{&]/).some(namesSecret));
    const isKept = (field) => field.name && field.name !== "servers" && !isSecret(field) && !["hidden", "submit"].includes(field.type);

    function content() {
        const data = new FormData(form);
        for (const name of OF_THE_PLAN) data.delete(name);
        return new URLSearchParams(data).toString();
    }

    function fill(values) {
        for (const [name, value] of values) {
            const field = name !== "servers" && form.elements[name];
            if (!field || field.disabled) continue;
            if (field.localName === "select" && ![...field.options].some((each) => each.value === String(value))) continue;
            if (field.type === "checkbox") field.checked = value;
            else field.value = value;
        }
    }

    // By playbook, what its variables' fields held, so that it survives switching to another one and
    // back. Another playbook's fields of the same names begin with its own defaults.
    const held = new Map();
    const heldOf = (chosen) => held.get(chosen) ?? held.set(chosen, new Map()).get(chosen);

    function showVariables(page, chosen) {
        // Not earlier: what is typed while the response is on its way counts too.
        const left = heldOf(variables.dataset.playbook);
        for (const field of within(variables)) left.set(field.name, valueOf(field));
        variables.replaceChildren(...page.querySelector('[data-fields="variables"]').childNodes);
        variables.dataset.playbook = chosen;
        showOptions(page.querySelector('[data-fields="options"]'));
        const names = new Set(within(variables).map((field) => field.name));
        fill([...heldOf(chosen)].filter(([name]) => names.has(name)));
        markTags();
    }

    // The fields are the same for each playbook, but others are disabled.
    function showOptions(page) {
        const values = within(options).filter((field) => !field.disabled).map((field) => [field.name, valueOf(field)]);
        const isOpen = options.querySelector("details").open;
        options.replaceChildren(...page.childNodes);
        options.querySelector("details").open ||= isOpen;
        fill(values);
    }

    // --- The servers and values of one's last run, and back -----------------------------------

    let before = null; // the fields' values before they were replaced

    function toggleRemembered(button) {
        const { servers, ...values } = JSON.parse(button.closest("[data-values]").dataset.values);
        const isTaken = button.ariaPressed === "true";
        if (!isTaken) {
            const names = Object.keys(values).filter((name) => form.elements[name]);
            before = { fields: names.map((name) => [name, valueOf(form.elements[name])]), servers: serverPicker.values() };
        }
        fill(isTaken ? before.fields : Object.entries(values));
        button.ariaPressed = String(!isTaken);
        button.querySelector("[data-label]").textContent = isTaken ? "Use again" : "Undo";
        markTags();
        if (!servers.length) return ask();
        hold();
        chooseServers(isTaken ? before.servers : servers);
    }

    // The boxes have to be fetched: until then there is nothing to be run.
    function chooseServers(keys) {
        serverPicker.choose(keys).catch(({ message, link }) => {
            fail(Object.assign(new Error(`The servers could not be loaded. ${message}`), { link }));
        });
    }

    // --- Servers of several inventories: a launch for each ------------------------------------

    function takePart({ dataset }) {
        const keys = JSON.parse(dataset.servers);
        hold();
        if (keys.length) return chooseServers(keys);
        form.elements.inventory.value = dataset.inventory;
        ask(0);
    }

    // --- The playbook's own tags --------------------------------------------------------------

    const tagsOf = (field) => field.value.split(",").map((tag) => tag.trim()).filter(Boolean);

    function markTags() {
        const chosen = tagsOf(form.elements.tags);
        for (const each of variables.querySelectorAll("[data-tag]")) each.ariaPressed = String(chosen.includes(each.dataset.tag));
    }

    function toggleTag(tag) {
        const chosen = tagsOf(form.elements.tags);
        const others = chosen.filter((each) => each !== tag);
        form.elements.tags.value = (others.length < chosen.length ? others : [...chosen, tag]).join(",");
        form.elements.tags.dispatchEvent(new Event("input", { bubbles: true }));
    }

    // --- The preview --------------------------------------------------------------------------

    const touched = new Set(); // only fields that were touched are marked as wrong before the form is sent
    let latest = 0; // the number of the newest request: responses to older ones are dropped
    let wanted = null; // the content that the newest request is about
    let planned = null; // the content that the shown preview is for
    let timer = 0;
    let asking = null;

    const isRunnable = () => planned !== null && planned === content() && Boolean(form.elements.expect?.value);

    /** Turn the button off, whatever is being asked. */
    function hold() {
        latest += 1;
        wanted = content();
        planned = null;
        asking?.abort();
        clearTimeout(timer);
        show("checking", "hourglass_empty", "Checking…");
    }

    /** Turn the button off at once, and ask when nothing has changed for a moment. */
    function ask(wait = WAIT) {
        hold();
        timer = setTimeout(plan, wait, latest);
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
        if (asked !== content()) return ask(0); // changed by something that sends no event
        keep();
        replaceParts(page);
        planned = asked;
        form.dataset.plan = "known";
        run.ariaDisabled = String(!isRunnable());
    }

    async function fetched(url, options) {
        const response = await fetch(url, options);
        if (response.status === 401) throw Object.assign(new Error("Your session has ended."), { link: live.LOG_IN });
        if (!response.ok) throw new Error(`The console could not check this launch (error ${response.status}).`);
        return new DOMParser().parseFromString(await response.text(), "text/html");
    }

    function fail(error) {
        const isNetwork = error instanceof TypeError || error.name === "AbortError";
        const words = isNetwork ? "The console does not answer, so this launch cannot be checked." : error.message;
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
        for (const field of form.querySelectorAll("[aria-describedby]")) describeBy(field, null);
        for (const error of errors) {
            const field = form.elements[error.dataset.errorOf];
            const place = field?.closest?.(".group");
            if (!place || !touched.has(field.name)) continue;
            place.closest("details")?.setAttribute("open", "");
            const line = document.createElement("p");
            line.className = "io-live-error";
            line.textContent = error.textContent;
            line.id = `${field.id}_error`;
            place.append(line);
            field.setAttribute("aria-invalid", "true");
            describeBy(field, line);
        }
        if (!errors.length) document.getElementById("launch-refused")?.remove();
    }

    /** Let the field be described by its help text, and by its error if it has one. */
    function describeBy(field, error) {
        const ids = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && !id.endsWith("_error"));
        if (error) ids.push(error.id);
        if (ids.length) field.setAttribute("aria-describedby", ids.join(" "));
        else field.removeAttribute("aria-describedby");
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
        const chosen = serverPicker.values();
        history.replaceState({ ...history.state, launch: { fields, chosen } }, "");
    }

    function bringBack({ fields, chosen }) {
        held.set(new Map(fields).get("playbook"), new Map(fields));
        fill(fields);
        markTags();
        if (chosen.join() !== serverPicker.values().join()) chooseServers(chosen);
    }

    /** Of a page that was left as it was ("Back" from a cache): its key has launched, maybe. */
    function renew() {
        const digits = crypto.getRandomValues(new Uint8Array(16));
        form.elements.key.value = [...digits].map((each) => each.toString(16).padStart(2, "0")).join("");
        for (const field of form.querySelectorAll('[type="password"]')) field.value = "";
    }

    // --- Events -------------------------------------------------------------------------------

    const hasBegun = () => ["playbook", "inventory", "groups", "limit", "environment", "tag", "search"].some((name) => form.elements[name].value) || serverPicker.values().length > 0;

    function changed(event) {
        if (!event.target.name) return; // what finds servers
        touched.add(event.target.name);
        if (event.target.name === "tags") markTags();
        // Leaving a field announces once more what was asked about as one typed.
        if (content() !== wanted) ask();
    }

    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    form.addEventListener("servers-chosen", () => ask(0));
    form.addEventListener("click", (event) => {
        const part = event.target.closest("[data-servers]");
        if (!part) return;
        event.preventDefault();
        takePart(part);
    });
    variables.addEventListener("click", (event) => {
        const button = event.target.closest("#launch-remembered, [data-tag]");
        if (button?.dataset.tag) toggleTag(button.dataset.tag);
        else if (button) toggleRemembered(button);
    });
    form.addEventListener("submit", (event) => {
        if (event.submitter === run && form.dataset.plan === "known" && isRunnable()) {
            keep();
            show("launching", "hourglass_empty", "Launching…");
            // In case nothing comes of it: with the key, two attempts make one run.
            timer = setTimeout(ask, PATIENCE);
            return;
        }
        event.preventDefault();
        if (event.submitter !== run || wanted !== content()) ask(0); // Enter in a field, or "Check again"
    });
    window.addEventListener("pagehide", keep);
    // After the browser has restored what it remembers.
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
    markTags();
})();
