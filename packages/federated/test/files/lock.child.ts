// A process that takes a lock and keeps it until it is killed, or says who has it.
import { InUseError } from '../../src/errors.ts';
import { FileLock } from '../../src/files/lock.ts';

try {
  const lock = new FileLock(process.argv[2]!, 'the journal');
  console.log(JSON.stringify({ got: process.pid }));
  // Held for as long as something refers to it.
  process.on('exit', () => lock.release());
  setTimeout(() => {}, 60_000);
} catch (error) {
  if (!(error instanceof InUseError)) throw error;
  console.log(JSON.stringify({ holder: error.holder ?? null }));
}
