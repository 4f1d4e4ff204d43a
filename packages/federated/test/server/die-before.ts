import type { FileHandle } from 'node:fs/promises';

/** Counts operations on files, and dies before one of them, without any farewell. */
export function dieBefore(operation: number): void {
  let count = 0;
  const step = (): void => {
    count += 1;
    if (count === operation) process.kill(process.pid, 'SIGKILL');
  };
  const files = process.getBuiltinModule('node:fs/promises');
  const { open, rename } = files;
  files.rename = async (...args) => {
    step();
    await rename(...args);
  };
  files.open = async (...args) => {
    step();
    const file: FileHandle = await open(...args);
    for (const name of ['writeFile', 'appendFile', 'sync', 'datasync'] as const) {
      const plain = file[name].bind(file) as (...args: unknown[]) => Promise<never>;
      file[name] = async (...given: unknown[]) => {
        step();
        // A write may end in the middle.
        if (name === 'appendFile' && count + 1 === operation) {
          const [record] = given as [Uint8Array];
          await file.write(record.subarray(0, record.length / 2));
          process.kill(process.pid, 'SIGKILL');
        }
        return plain(...given);
      };
    }
    return file;
  };
}
