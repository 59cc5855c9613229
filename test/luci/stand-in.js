/*
 * A small stand-in for LuCI's client side, as far as our views use it: the loader of modules with
 * their 'require' lines, E, rpc, poll, dom, request and form. `page` is what test/luci/main.ts puts
 * in front of it: sources, answers of ubus, the forms' tables, UCI sections.
 */

String.prototype.format = function (...values) {
  return this.replace(/%([sdh])/g, (_, kind) => {
    const value = values.shift();
    return kind === "d" ? Math.floor(value) : String(value);
  });
};
const _ = (text) => text;

function E(tag, attributes, children) {
  const has = attributes?.constructor === Object;
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(has ? attributes : {})) {
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value);
  }
  for (const child of [(has ? children : attributes) ?? []].flat()) node.append(child);
  return node;
}

const L = { resource: (path) => path };
const own = (members) => ({ ...members });
const inputs = [];

class Section {
  constructor(isNamed, name, type, title, description) {
    Object.assign(this, { isNamed, name, type, title, description, options: [] });
  }
  option(kind, name, title, description) {
    const option = { kind, name, title, description, choices: [] };
    option.value = (key, label) => option.choices.push([key, label ?? key]);
    this.options.push(option);
    return option;
  }
  render() {
    const sections = page.uci.filter(({ type }) => type === this.type);
    const rows = sections.map((section) =>
      E(
        "fieldset",
        { class: "cbi-section-node" },
        this.options.map((one) => draw(one, section)),
      ),
    );
    const add = this.addremove ? [E("button", { class: "btn" }, "Add")] : [];
    const about = E("p", {}, this.description ?? "");
    const id = `section-${this.type}`;
    return E("div", { class: "cbi-section", id }, [
      E("h3", {}, this.title),
      about,
      ...rows,
      ...add,
    ]);
  }
}

function draw(option, section) {
  const value = section.options[option.name] ?? "";
  const input =
    option.kind === "list"
      ? E(
          "select",
          {},
          option.choices.map(([key, label]) => E("option", { value: key }, label)),
        )
      : E("input", {
          type: option.kind === "flag" ? "checkbox" : option.password ? "password" : "text",
          placeholder: option.placeholder ?? "",
        });
  if (option.kind === "flag") input.checked = value === "1";
  else input.value = [value].flat().join(" ");
  inputs.push({ input, option, section });
  const label = E("label", {}, option.title);
  return E("div", { class: "cbi-value" }, [label, input, E("small", {}, option.description ?? "")]);
}

class FormMap {
  constructor(config, title, description) {
    Object.assign(this, { config, title, description, sections: [] });
  }
  section(kind, ...words) {
    const isNamed = kind === "named";
    const [name, type, title, description] = isNamed ? words : [undefined, ...words];
    const section = new Section(isNamed, name, type, title, description);
    this.sections.push(section);
    return section;
  }
  async render() {
    const parts = this.sections.map((section) => section.render());
    return E("div", { class: "cbi-map" }, [
      E("h2", {}, this.title),
      E("p", {}, this.description),
      ...parts,
    ]);
  }
}

/** The page's inputs as the file that LuCI would write. */
function savedUci() {
  const lines = [];
  for (const section of page.uci) {
    lines.push(`config ${section.type}${section.name ? ` '${section.name}'` : ""}`);
    for (const { input, option, section: of } of inputs) {
      if (of !== section) continue;
      const value = option.kind === "flag" ? (input.checked ? "1" : "0") : input.value;
      if (value === "") continue;
      if (option.kind !== "many") lines.push(`\toption ${option.name} '${value}'`);
      else for (const each of value.split(" ")) lines.push(`\tlist ${option.name} '${each}'`);
    }
  }
  return `${lines.join("\n")}\n`;
}

const polls = [];
const modules = {
  view: { extend: own },
  baseclass: { extend: own },
  poll: { add: (run) => polls.push(run) },
  dom: { content: (node, child) => node.replaceChildren(child) },
  rpc: {
    declare:
      ({ method, expect }) =>
      async () => {
        const answer = page.ubus[method] ?? {};
        return expect === undefined
          ? answer
          : (answer[Object.keys(expect)[0]] ?? Object.values(expect)[0]);
      },
  },
  request: { get: async (path) => ({ json: () => page.forms[path] }) },
  form: {
    Map: FormMap,
    NamedSection: "named",
    TypedSection: "typed",
    Flag: "flag",
    ListValue: "list",
    Value: "one",
    DynamicList: "many",
  },
};

/** As LuCI's loader: what a module requires are the arguments of a function around it. */
function load(name) {
  if (modules[name] === undefined) {
    const source = page.sources[name];
    const needs = [...source.matchAll(/^'require (\S+?)(?: as (\w+))?';$/gm)];
    const names = needs.map(([, path, as]) => as ?? path);
    const run = new Function("E", "_", "L", ...names, source);
    modules[name] = run(E, _, L, ...needs.map(([, path]) => load(path)));
  }
  return modules[name];
}

async function main() {
  const view = load(page.view);
  document.body.append(await view.render(await view.load()));
  for (const run of polls) await run();
  for (const [section, name, value] of page.typed ?? []) {
    const found = inputs.find((one) => one.section.type === section && one.option.name === name);
    found.input.value = value;
  }
  if (page.typed !== undefined) document.body.append(E("pre", { id: "uci" }, savedUci()));
}

main().catch((error) =>
  document.body.append(E("pre", { id: "error" }, String(error?.stack ?? error))),
);
