import { checkNode, EnvironmentError, replaceFile } from '@ketwork/base';

/**
 * Writes a report to a file, whole or not at all: the text goes to a temporary file beside it, which then takes its
 * name. Missing folders are made. Node only.
 *
 * @param path Path of the file, such as `out/report.html`.
 * @param html The text, as from {@link report}.
 * @throws EnvironmentError outside Node or where the file cannot be written (the cause has the system's error); an
 * older file of that name is then unchanged. Rejects, never throws at once.
 * @example
 * ```ts
 * import { report, writeReport } from '@ketwork/plot';
 * import { tmpdir } from 'node:os';
 * await writeReport(`${tmpdir()}/ketwork-example/report.html`, report({ title: 'Empty', sections: [] }));
 * ```
 */
export async function writeReport(path: string, html: string): Promise<void> {
  checkNode(
    'writeReport needs the file system of Node',
    'In a browser offer new Blob([html], { type: "text/html" }) as a download',
  );
  const { mkdir } = process.getBuiltinModule('node:fs/promises');
  const { dirname } = process.getBuiltinModule('node:path');
  try {
    await mkdir(dirname(path), { recursive: true });
    await replaceFile(path, html);
  } catch (cause) {
    throw new EnvironmentError(
      `cannot write the report to ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        remedy: 'Check that the folder may be written to and the disk is not full',
        cause,
      },
    );
  }
}
