// Compiles src/AnchorRegistry.sol with the pinned npm solc and writes AnchorRegistry.json.
// `node compile.mjs` rewrites solc-input.json and the artefact beside it;
// `node compile.mjs INPUT OUTPUT` compiles an existing standard-JSON input (what the test does).
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const solc = createRequire(import.meta.url)("solc");
const FILE = "src/AnchorRegistry.sol";
const NAME = "AnchorRegistry";

const sha256 = (data) => createHash("sha256").update(data).digest("hex");

function standardInput(source) {
  return {
    language: "Solidity",
    sources: { [FILE]: { content: source } },
    settings: {
      evmVersion: "paris",
      optimizer: { enabled: true, runs: 200 },
      metadata: { appendCBOR: false, bytecodeHash: "none" },
      outputSelection: { [FILE]: { [NAME]: ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
    },
  };
}

function compile(inputText) {
  const output = JSON.parse(solc.compile(inputText));
  const findings = output.errors ?? [];
  if (findings.length > 0) {
    throw new Error(findings.map((finding) => finding.formattedMessage).join("\n"));
  }
  const { abi, evm } = output.contracts[FILE][NAME];
  const runtime = evm.deployedBytecode.object;
  return {
    contractName: NAME,
    solcVersion: solc.version(),
    solcInputSha256: sha256(inputText),
    runtimeSha256: sha256(Buffer.from(runtime, "hex")),
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    runtimeBytecode: `0x${runtime}`,
  };
}

let [inputPath, outputPath] = process.argv.slice(2);
if (inputPath === undefined) {
  inputPath = join(here, "solc-input.json");
  outputPath = join(here, `${NAME}.json`);
  const source = readFileSync(join(here, FILE), "utf8");
  writeFileSync(inputPath, `${JSON.stringify(standardInput(source), null, 2)}\n`);
}
const artefact = compile(readFileSync(inputPath, "utf8"));
writeFileSync(outputPath, `${JSON.stringify(artefact, null, 2)}\n`);
