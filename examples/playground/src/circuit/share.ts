// The whole page as text behind the # of its address: JSON, deflated, in the alphabet of addresses.
import { parseCircuit } from '@ketwork/circuit';

import { FormatError } from '@ketwork/base';
import { checkSize, documentOf } from './document.ts';
import type { Document } from './document.ts';

/** Longest text that is unpacked; a circuit of this size takes minutes to draw. */
const MOST = 2_000_000;

/** The text of a document. */
export async function pack({ circuit, values }: Document): Promise<string> {
  const { qubits, bits, slots, ops } = circuit;
  const bytes = new TextEncoder().encode(JSON.stringify({ qubits, bits, slots, ops, values }));
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const packed = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = '';
  for (const byte of packed) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** The document of a text. @throws FormatError for anything that is none. */
export async function unpack(text: string): Promise<Document> {
  let data: unknown;
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    data = JSON.parse(await inflate(bytes));
    if (typeof data !== 'object' || data === null) throw new Error('no record');
  } catch (cause) {
    throw new FormatError('the address holds no circuit', {
      remedy: 'Copy the whole link again, its end may be missing',
      cause,
    });
  }
  const { values, ...fields } = data as Record<string, unknown>;
  const circuit = parseCircuit({ schema: 'ketwork.circuit/1', ...fields });
  checkSize(circuit);
  return documentOf(circuit, values as Document['values'] | undefined);
}

/** Unpacks no more than {@link MOST} bytes, however long the text would become. */
async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const reader = stream.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.length;
    if (length > MOST) {
      await reader.cancel();
      throw new Error('too long');
    }
    parts.push(next.value);
  }
  return await new Blob(parts).text();
}
