// Reads from standard input {tables: {name: {column: type}}, functions: [{name, parameters, body}], queries: {name: query}} and
// writes, of each query, what Kusto's own language service finds wrong: {name: [message]}.
require("@kusto/language-service-next/bridge.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.js");

const { KustoCode, GlobalState, Symbols } = Kusto.Language;
const read = JSON.parse(require("fs").readFileSync(0, "utf8"));

const tables = Object.entries(read.tables).map(([name, columns]) => {
    const schema = Object.entries(columns).map(([column, type]) => `${column}: ${type}`).join(", ");
    return new Symbols.TableSymbol.$ctor7(name, `(${schema})`, null);
});
const functions = read.functions.map((one) => new Symbols.FunctionSymbol.$ctor16(one.name, `(${one.parameters})`, `{ ${one.body} }`, null));
const database = new Symbols.DatabaseSymbol.ctor("workspace", [...tables, ...functions]);
const globals = GlobalState.Default.WithDatabase(database);

const found = {};
for (const [name, text] of Object.entries(read.queries)) {
    const diagnostics = KustoCode.ParseAndAnalyze(text, globals).GetDiagnostics();
    found[name] = [];
    for (let at = 0; at < diagnostics.Count; at++) {
        const one = diagnostics.getItem(at);
        found[name].push(`${one.Severity}: ${one.Message} (${text.slice(one.Start, one.Start + one.Length)})`);
    }
}
process.stdout.write(JSON.stringify(found));
