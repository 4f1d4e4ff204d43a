#!/usr/bin/env node
import { answer, complaint } from './command.ts';

// A reader that has seen enough, such as head, closes the pipe: no fault of anyone.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const args = process.argv.slice(2);
try {
  process.stdout.write(await answer(args));
} catch (error) {
  const { text, code } = complaint(error, args);
  process.stderr.write(text);
  // Not process.exit(), which would cut off what is still being written.
  process.exitCode = code;
}
