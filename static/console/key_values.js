// A JSON object as rows of names, types and values (console/key_values.py reads them). Converting
// between JSON and rows keeps every digit of a number: nothing is parsed as a number here.
"use strict";

(() => {
    const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

    const MOST_ROWS = 1500; // as in key_values.py
    const MASK = "********"; // stands for a stored secret

    // A field cannot keep these: fields trim names, and normalize line breaks.
    const isChangedByField = (name, type, text) => !name || name !== name.trim() || /[\r\n]/.test(name)
        || (type === "text" && text.includes("\r"));

    // JSON → [[name, type, text]]

    function endOfText(json, at) {
        for (at += 1; json[at] !== '"'; at += 1) if (json[at] === "\\") at += 1;
        return at + 1;
    }

    function endOfValue(json, at) {
        if (json[at] === '"') return endOfText(json, at);
        if (!"{[".includes(json[at])) return at + json.slice(at).search(/[\s,}\]]|$/);
        let depth = 0;
        do {
            if (json[at] === '"') at = endOfText(json, at) - 1;
            else if ("{[".includes(json[at])) depth += 1;
            else if ("}]".includes(json[at])) depth -= 1;
            at += 1;
        } while (depth > 0);
        return at;
    }

    function described(slice) {
        if (slice[0] === '"') return ["text", JSON.parse(slice)];
        if ("{[".includes(slice[0])) return ["structure", slice];
        if (slice === "null") return ["null", ""];
        return [slice === "true" || slice === "false" ? "boolean" : "number", slice];
    }

    function entriesOf(json) {
        const value = JSON.parse(json);
        if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Error("Not a JSON object.");
        const entries = [];
        const skip = (at) => at + json.slice(at).search(/[^\s,:]|$/);
        for (let at = skip(json.indexOf("{") + 1); json[at] !== "}"; at = skip(at)) {
            const end = endOfText(json, at);
            const name = JSON.parse(json.slice(at, end));
            at = skip(end);
            const last = endOfValue(json, at);
            if (entries.some(([known]) => known === name)) throw new Error(`“${name}” appears twice.`);
            entries.push([name, ...described(json.slice(at, last))]);
            at = last;
        }
        return entries;
    }

    // [[name, type, text]] → JSON

    function written(name, type, text) {
        const trimmed = text.trim();
        if (type === "text") return JSON.stringify(text);
        if (type === "null") return "null";
        if (type === "boolean" && /^(true|false)$/i.test(trimmed)) return trimmed.toLowerCase();
        if (type === "number" && NUMBER.test(trimmed)) return trimmed;
        if (type === "structure") {
            try {
                JSON.parse(trimmed);
                return trimmed;
            } catch {
                throw new Error(`“${name}” is not JSON. Save it first, or write it as JSON.`);
            }
        }
        throw new Error(`“${name}” does not fit its type.`);
    }

    function jsonOf(entries) {
        const names = entries.map(([name]) => name);
        const twice = names.find((name, place) => names.indexOf(name) !== place);
        if (twice !== undefined) throw new Error(`“${twice}” appears twice.`);
        const lines = entries.map(([name, type, text]) => `  ${JSON.stringify(name)}: ${written(name, type, text)}`);
        return lines.length ? `{\n${lines.join(",\n")}\n}` : "{}";
    }

    function start(box) {
        const as = box.querySelector("input[type=hidden]");
        const rows = box.querySelector("fieldset");
        const list = rows.querySelector("ul");
        const whole = box.querySelector(":scope > div");
        const json = whole.querySelector("textarea");
        const problem = box.querySelector("[role=alert]");
        // The names of secrets beside the JSON, if values can be marked as secret.
        const secrets = whole.querySelector("input");

        const partsOf = (row) => [...row.querySelectorAll("input:not([type]), select, textarea")];
        const markOf = (row) => row.querySelector("[type=checkbox]");

        function setSecret(row, isSecret) {
            if (markOf(row)) markOf(row).checked = isSecret;
        }

        function show(mode) {
            as.value = mode;
            rows.hidden = rows.disabled = mode !== "rows";
            whole.hidden = mode === "rows";
            whole.querySelector("[data-as-rows]").hidden = false;
            problem.hidden = true;
        }

        function mark(row) {
            row.dataset.type = row.querySelector("select").value;
            // A ticked box sends the name.
            if (markOf(row)) markOf(row).value = row.querySelector("input").value;
        }

        function add(values = ["", "text", ""]) {
            const row = box.querySelector("template").content.firstElementChild.cloneNode(true);
            partsOf(row).forEach((part, place) => { part.value = values[place]; });
            list.append(row);
            mark(row);
            setSecret(row, false);
            return row;
        }

        function toRows() {
            const entries = entriesOf(json.value.trim() || "{}");
            if (entries.length > MOST_ROWS) throw new Error(`Rows hold up to ${MOST_ROWS} values; edit these as JSON.`);
            const changed = entries.find(([name, type, text]) => isChangedByField(name, type, text));
            if (changed) throw new Error(`“${changed[0]}” has an empty name, spaces around it or line breaks that rows cannot keep; edit it as JSON.`);
            const named = (secrets?.value ?? "").split(",").map((name) => name.trim());
            list.replaceChildren();
            for (const entry of entries) setSecret(add(entry), named.includes(entry[0]) || entry[2] === MASK);
            if (!entries.length) add();
            show("rows");
            list.querySelector("input").focus();
        }

        function toJson() {
            const entries = [...list.children].map((row) => partsOf(row).map((part) => part.value))
                .map(([name, type, text]) => [name.trim(), type, text])
                .filter(([name, , text]) => name || text.trim());
            json.value = jsonOf(entries);
            if (secrets) {
                secrets.value = [...list.children].filter((row) => markOf(row).checked)
                    .map((row) => partsOf(row)[0].value.trim()).join(", ");
            }
            show("json");
            json.focus();
        }

        function remove(row) {
            const next = row.nextElementSibling || row.previousElementSibling;
            row.remove();
            (next?.querySelector("input") || box.querySelector("[data-add]")).focus();
        }

        function attempt(change) {
            try {
                change();
            } catch (error) {
                problem.textContent = error instanceof SyntaxError ? `Not valid JSON: ${error.message}` : error.message;
                problem.hidden = false;
            }
        }

        box.addEventListener("click", (event) => {
            const button = event.target.closest("button");
            if (!button) return;
            if ("add" in button.dataset) add().querySelector("input").focus();
            else if ("remove" in button.dataset) remove(button.closest("li"));
            else if ("asJson" in button.dataset) attempt(toJson);
            else if ("asRows" in button.dataset) attempt(toRows);
        });
        for (const type of ["input", "change"]) list.addEventListener(type, (event) => mark(event.target.closest("li")));
        // Enter in a name moves on to the value instead of submitting the form.
        list.addEventListener("keydown", (event) => {
            if (event.key !== "Enter" || !event.target.matches("input:not([type])")) return;
            event.preventDefault();
            event.target.closest("li").querySelector("textarea").focus();
        });

        [...list.children].forEach(mark);
        if ("rowsFirst" in box.dataset) {
            if (!list.children.length) add();
            show("rows");
        } else {
            show("json");
        }
    }

    addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-key-values]").forEach(start));
})();
