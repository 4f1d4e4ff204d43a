// Lint: oxlint with type information.
import { run } from './workspace.ts';

const { code, output } = await run('oxlint', [
  '--config=.oxlintrc.json',
  '--type-aware',
  '--deny-warnings',
  '--report-unused-disable-directives',
  '.',
]);
console.log(output.trimEnd());
process.exitCode = code;
