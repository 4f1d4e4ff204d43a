import { EnvironmentError } from '@ketwork/base';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Gate } from './gate.ts';
import type { HeldLimits } from './limits.ts';
import type { CoordinatorTls, ListenOptions } from './options.ts';
import { nodeModule } from '../node.ts';
import { Refusal, refusalBody } from './refusal.ts';

/** A listening server. */
export interface Listener {
  readonly port: number;
  readonly url: string;
  /** Stops listening and ends all connections. */
  close(): Promise<void>;
}

const MAX_HEADERS = 8192;

/** Starts a server of Node in front of a gate. */
export async function listen(
  gate: Gate,
  { port, host }: ListenOptions,
  tls: CoordinatorTls | undefined,
  limits: HeldLimits,
): Promise<Listener> {
  const server = makeServer(tls, limits);
  const handle = (request: IncomingMessage, response: ServerResponse): void =>
    void gate.handle(request, response);
  server.on('connection', (socket: Socket) => gate.connections.add(socket));
  server.on('request', handle);
  // Clients that ask first whether they may send a body hear what is wrong before they send it.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    void gate.handle(request, response, () => response.writeContinue());
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    gate.refuse(request, response, new Refusal(417, 'EXPECTATION', 'this cannot be expected')),
  );
  server.on('clientError', (error: Error & { code?: string }, socket) =>
    refuseRaw(gate, socket, faultOf(error.code)),
  );
  server.on('connect', (_request, socket) =>
    refuseRaw(gate, socket, new Refusal(405, 'METHOD', 'this is no proxy')),
  );
  const address = host ?? (tls === undefined ? '127.0.0.1' : undefined);
  await started(server, port, address);
  const bound = (server.address() as AddressInfo).port;
  const shown =
    address === undefined || address === '0.0.0.0' || address === '::' ? 'localhost' : address;
  return {
    port: bound,
    url: `http${tls === undefined ? '' : 's'}://${shown.includes(':') ? `[${shown}]` : shown}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Answers that were just sent get a moment to leave.
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 200).unref();
      }),
  };
}

function makeServer(tls: CoordinatorTls | undefined, limits: HeldLimits): Server {
  const options = {
    maxHeaderSize: MAX_HEADERS,
    headersTimeout: 1000 * limits.headerSeconds,
    requestTimeout: 1000 * (limits.headerSeconds + limits.bodySeconds),
    connectionsCheckingInterval: 500,
    keepAliveTimeout: 30_000,
    // The gate refuses requests without it, and says why.
    requireHostHeader: false,
  };
  const server =
    tls === undefined
      ? nodeModule('node:http', 'federate').createServer(options)
      : (nodeModule('node:https', 'federate').createServer({
          ...options,
          key: asPem(tls.key),
          cert: asPem(tls.cert),
          minVersion: 'TLSv1.2',
          handshakeTimeout: 1000 * limits.headerSeconds,
          ...(tls.ca === undefined
            ? {}
            : // Who comes without a certificate is refused by the gate, since the status can be read with a token.
              { ca: asPem(tls.ca), requestCert: true, rejectUnauthorized: false }),
        }) as Server);
  server.maxConnections = limits.connections;
  server.on('tlsClientError', () => {});
  return server;
}

const asPem = (given: string | Uint8Array): string | Buffer =>
  typeof given === 'string' ? given : Buffer.from(given);

function started(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: Error & { code?: string }) => {
      reject(
        new EnvironmentError(`federate: cannot listen on port ${port}: ${cause.message}`, {
          remedy:
            cause.code === 'EADDRINUSE'
              ? 'Choose another port, or 0 for any'
              : 'Check port and host',
          cause,
        }),
      );
    });
    server.listen(port, host, () => resolve());
  });
}

function faultOf(code: string | undefined): Refusal | undefined {
  if (code === 'ECONNRESET' || code === 'EPIPE') return undefined;
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Refusal(
      431,
      'HEADERS',
      `the head of the request is longer than ${MAX_HEADERS} bytes`,
    );
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new Refusal(408, 'TIMEOUT', 'the request took too long');
  return new Refusal(400, 'BAD_REQUEST', 'the request is not HTTP as it should be');
}

/** Answers where there is no request to answer. */
function refuseRaw(gate: Gate, socket: Duplex, refusal: Refusal | undefined): void {
  if (refusal === undefined || !socket.writable) {
    socket.destroy();
    return;
  }
  const { refused } = gate.traffic;
  refused[refusal.code] = (refused[refusal.code] ?? 0) + 1;
  const text = refusalBody(refusal);
  socket.on('error', () => {});
  socket.end(
    `HTTP/1.1 ${refusal.status} Refused\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
    () => socket.destroy(),
  );
}
