import type { IncomingMessage } from 'node:http';
import { MEDIA_TYPE } from '../wire/message.ts';
import { Refusal } from './refusal.ts';

/** The connection ended before the request did: there is nobody to answer. */
export class Gone extends Error {
  override name: string = 'Gone';
}

/** Whether a request has a body, read or not. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return (
    headers['transfer-encoding'] !== undefined ||
    (headers['content-length'] !== undefined && headers['content-length'] !== '0')
  );
}

/** The length that a request announces, refused where it is unknown or too long: nothing has been read then. */
export function announcedLength({ headers }: IncomingMessage, limit: number): number {
  const { 'content-length': announced, 'content-type': type, 'content-encoding': coding } = headers;
  if (announced === undefined || headers['transfer-encoding'] !== undefined)
    throw new Refusal(411, 'LENGTH_REQUIRED', 'the request does not announce its length');
  const length = Number(announced);
  if (!Number.isSafeInteger(length) || length < 0)
    throw new Refusal(400, 'BAD_REQUEST', 'the length of the request is not a number');
  if (length > limit)
    throw new Refusal(413, 'TOO_LARGE', `the request has ${length} bytes; ${limit} are allowed`);
  if (type !== MEDIA_TYPE)
    throw new Refusal(415, 'MEDIA_TYPE', `the request is not of type ${MEDIA_TYPE}`);
  if (coding !== undefined && coding !== 'identity')
    throw new Refusal(415, 'MEDIA_TYPE', 'the request is compressed');
  return length;
}

/** Reads a body of the announced length within so many seconds. */
export function readBody(
  request: IncomingMessage,
  length: number,
  seconds: number,
): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const chunks: Buffer[] = [];
  let read = 0;
  const timer = setTimeout(() => {
    reject(new Refusal(408, 'TIMEOUT', `the request did not arrive within ${seconds} seconds`));
  }, 1000 * seconds);
  const take = (chunk: Buffer): void => {
    read += chunk.length;
    if (read <= length) chunks.push(chunk);
    else reject(new Refusal(413, 'TOO_LARGE', 'the request is longer than it announced'));
  };
  const gone = (): void => reject(new Gone());
  request.on('data', take);
  request.once('end', () => {
    if (read === length) resolve(Buffer.concat(chunks, read));
    else reject(new Refusal(400, 'BAD_REQUEST', 'the request is shorter than it announced'));
  });
  request.once('error', gone);
  request.once('close', gone);
  return promise.finally(() => {
    clearTimeout(timer);
    request.off('data', take);
    chunks.length = 0;
  });
}
