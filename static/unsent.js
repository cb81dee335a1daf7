// Keeps what was typed into a form that the server could not accept, because the session had ended or
// somebody had logged in again since. It is stored in this tab, by the page's URL, and restored when
// the same user returns to the page. Passwords and other secrets are never stored.
//
// With [data-unsent] on the login page, or on the page for expired forms, the server says that the
// last request has not been carried out. Any other page means that it was answered.
"use strict";

(() => {
    const HOURS = 12;
    const PATIENCE = 15000; // milliseconds to wait for fields that come later, such as a playbook's variables
    const TOKENS = new Set(["csrfmiddlewaretoken", "key", "once"]);
    // Names that a person has typed: more coarsely than schema/secret_names.py.
    const SECRET = /p[aä]ss|ｐａｓｓ|pwd|pw\d*\W*$|pin\W*$|secret|token|cred|keys?\d*\W*$|key_base|keytab|auth|jwt|dsn|bearer|psk|cookie|salt|seed|codes?\W*$|community|webhook|kubeconfig|conn|ur[il]\W*$|kennwort|mdp|contrase|senha|wachtwoord|senord|adgangskode|salasana|has[lł]o|heslo|parool|parola|[sş]ifre|jelsz|lozinka|geheim|парол|パスワード|密[码碼]|비밀번호/i;
    // Fields of ours, and prose.
    const SECRET_WORDS = /passw|passphrase|secret|token|credential|(private|api|access)[-_ ]?key|pwd|pass(?![a-z])/i;
    // Several words: letters on both sides of a blank.
    const PROSE = /[^\s!-\/:-@\[-\^`{-~]\s+[^\s!-\/:-@\[-\^`{-~]/;
    const NO_VALUE = new Set(["password", "file", "submit", "button", "image", "reset"]);
    const SENT = "unsent:last";

    const page = location.pathname + location.search;
    // By attributes: a field may be named "method" or "id".
    const isPosted = (form) => form.getAttribute("method")?.toLowerCase() === "post" && form.getAttribute("id") !== "login-form";
    const forms = () => [...document.forms].filter(isPosted);
    const person = () => document.getElementById("io-user")?.textContent;
    const nameOf = (form) => [form.getAttribute("action"), form.getAttribute("id")].join("|");

    // --- Keeping ---------------------------------------------------------------------------------

    function namesSecret(pair) {
        if (!/[:=]/.test(pair)) return false;
        const name = pair.split(/[:=]/, 1)[0];
        return SECRET_WORDS.test(name) || (!PROSE.test(name) && SECRET.test(name));
    }

    const isSecret = (field) => "secret" in field.dataset || (SECRET_WORDS.test(field.name) && field.matches("input, textarea"))
        // JSON, YAML or key=value that names one: {"db_password": …}
        || (field.localName === "textarea" && field.value.split(/[\n,{&]/).some(namesSecret));

    // The value of a name/value row (key_values.js) whose name suggests a secret, or that is marked as one.
    function isSecretRow(field) {
        const row = field.localName === "textarea" && field.closest("[data-key-values] li");
        return row && (SECRET.test(row.querySelector("input").value) || row.querySelector("[type=checkbox]:checked") !== null);
    }

    const isKept = (field) => field.name && !field.matches(":disabled") && !TOKENS.has(field.name) && !NO_VALUE.has(field.type);

    function isChanged(field) {
        if (field.type === "hidden") return false;
        if ("checked" in field && /^(checkbox|radio)$/.test(field.type)) return field.checked !== field.defaultChecked;
        if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
        return field.value !== field.defaultValue;
    }

    function valuesOf(field) {
        if (field.options) return [...field.selectedOptions].map((option) => [option.value, option.text]);
        if (/^(checkbox|radio)$/.test(field.type)) return field.checked ? [[field.value, ""]] : [];
        return [[field.value, ""]];
    }

    // {name: [[value, its text in a select], …]}. For a form that was not sent, only changed fields.
    function contentOf(form, isSent) {
        const fields = [...form.elements].filter((field) => isKept(field) && (isSent || isChanged(field)));
        const values = {};
        for (const field of fields.filter((each) => !isSecret(each))) {
            // Keep an empty row, so that the others keep their positions.
            (values[field.name] ??= []).push(...(isSecretRow(field) ? [["", ""]] : valuesOf(field)));
        }
        const hasSecrets = fields.some((field) => (isSecret(field) || isSecretRow(field)) && field.value);
        return { form: nameOf(form), values, isSent, hasSecrets };
    }

    function keep(sent) {
        const found = forms().map((form) => contentOf(form, form === sent)).filter(({ isSent, values }) => isSent || Object.keys(values).length);
        write(`unsent:${page}`, { person: person(), at: Date.now(), isRefused: !sent, forms: found });
        write(SENT, page);
    }

    // --- Storage ---------------------------------------------------------------------------------

    function write(name, value) {
        try {
            // First: if the new value does not fit, the old one must not pass for it.
            sessionStorage.removeItem(name);
            sessionStorage.setItem(name, JSON.stringify(value));
        } catch {
            // Full, or forbidden: then nothing is stored.
        }
    }

    function read(name) {
        try {
            return JSON.parse(sessionStorage.getItem(name));
        } catch {
            return null;
        }
    }

    function take(name) {
        const value = read(name);
        if (value !== null) sessionStorage.removeItem(name);
        return value;
    }

    function entries() {
        try {
            return Object.keys(sessionStorage).filter((name) => name.startsWith("unsent:/"));
        } catch {
            return []; // forbidden
        }
    }

    // Drop what nobody will need: entries of somebody else, old ones, and, once the server has
    // answered, those of forms that it has accepted. The login page has no user: there, the entries
    // of whoever sent the last form stay.
    function tidy(isAnswered) {
        const who = person() ?? read(`unsent:${read(SENT)}`)?.person;
        for (const name of entries()) {
            const kept = read(name);
            const isYoung = Date.now() - kept?.at < HOURS * 3600000;
            const isOwn = !who || kept?.person === who;
            if (!isYoung || !isOwn || (isAnswered && !kept.isRefused)) sessionStorage.removeItem(name);
        }
    }

    // --- Restoring -------------------------------------------------------------------------------

    function announce(field) {
        for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
    }

    function select(field, values) {
        for (const [value, text] of values) {
            // The option of a searchable select does not exist yet.
            const isThere = [...field.options].some((option) => option.value === value);
            if (!isThere && field.matches(".admin-autocomplete")) field.add(new Option(text, value));
        }
        const wanted = new Set(values.map(([value]) => value));
        for (const option of field.options) option.selected = wanted.has(option.value);
    }

    // Returns whether the field differs now.
    function fill(field, values, nth) {
        const before = JSON.stringify(valuesOf(field));
        if (field.options) select(field, values);
        else if (/^(checkbox|radio)$/.test(field.type)) field.checked = values.some(([value]) => value === field.value);
        else if (nth < values.length) field.value = values[nth][0];
        if (JSON.stringify(valuesOf(field)) === before) return false;
        announce(field);
        return true;
    }

    // Recreate as many name/value rows as there were, or show their JSON if that was shown.
    function makeRows(form, values) {
        for (const box of form.querySelectorAll("[data-key-values]")) {
            const { name } = box.querySelector("input[type=hidden]");
            const mode = values[name]?.[0][0];
            const rows = box.querySelector("fieldset");
            if (mode === "json" && !rows.hidden) box.querySelector("[data-as-json]").click();
            if (mode !== "rows" || rows.hidden) continue;
            const wanted = values[name.replace(/-as$/, "-name")]?.length ?? 0;
            while (rows.querySelectorAll("li").length < wanted) box.querySelector("[data-add]").click();
        }
    }

    const fieldsNamed = (form, name) => [...form.elements].filter((field) => field.name === name && field.type !== "hidden");

    // Removes from `values` those whose fields were found; returns whether any field differs now.
    function putBack(form, values) {
        let isAny = false;
        for (const [name, kept] of Object.entries(values)) {
            const fields = fieldsNamed(form, name);
            if (!fields.length) continue;
            delete values[name];
            fields.forEach((field, nth) => { isAny = fill(field, kept, nth) || isAny; });
        }
        return isAny;
    }

    function note(form, hasSecrets) {
        const words = document.createElement("p");
        words.className = "io-note";
        words.setAttribute("role", "status");
        words.textContent = "Nothing was sent. What you entered is back: check it, then send it again."
            + (hasSecrets ? " Re-enter passwords and other secrets." : "");
        form.before(words);
        words.scrollIntoView({ block: "center" });
    }

    function restore({ form: name, values, isSent, hasSecrets }) {
        // The selected rows of an action are in the list's own form.
        const form = forms().find((each) => nameOf(each) === name)
            ?? forms().find((each) => Object.keys(values).some((field) => fieldsNamed(each, field).length));
        if (!form) return;
        if (isSent) makeRows(form, values);
        let isNoted = false;
        const go = () => {
            if (!putBack(form, values) || isNoted) return;
            isNoted = true;
            note(form, hasSecrets);
        };
        go();
        if (!isSent || !Object.keys(values).length) return;
        const waiting = new MutationObserver(go);
        waiting.observe(form, { childList: true, subtree: true });
        setTimeout(() => waiting.disconnect(), PATIENCE);
    }

    function start() {
        const isUnsent = Boolean(document.querySelector("[data-unsent]"));
        tidy(!isUnsent);
        if (isUnsent) {
            const sent = read(SENT);
            const kept = sent && read(`unsent:${sent}`);
            if (!kept) return;
            write(`unsent:${sent}`, { ...kept, isRefused: true });
            for (const words of document.querySelectorAll("[data-unsent-kept]")) words.hidden = false;
            return;
        }
        if (document.getElementById("login-form")) return;
        take(SENT);
        take(`unsent:${page}`)?.forms.forEach(restore);
    }

    window.addEventListener("submit", (event) => {
        const form = event.target;
        if (!event.defaultPrevented && forms().includes(form)) keep(form);
    });
    // The link of a live page whose session has ended (live.js).
    document.addEventListener("click", (event) => {
        if (event.target.closest?.("a[data-log-in]")) keep(null);
    });
    // The page's own scripts come first: they create fields.
    window.addEventListener("load", start);
})();
