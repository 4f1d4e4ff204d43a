/**
 * Whether a host, as addresses name it, is this machine and nothing else. Names are not looked up, so that it is only
 * `localhost` and addresses of the loopback interface: what others stand for is up to whoever answers.
 */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (bare === 'localhost' || bare === '::1' || bare === '0:0:0:0:0:0:0:1') return true;
  const mapped = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|7f[0-9a-f]{2}:[0-9a-f]{1,4})$/.exec(bare);
  if (mapped !== null && mapped[1] === undefined) return true;
  const parts = (mapped?.[1] ?? bare).split('.');
  return (
    parts.length === 4 &&
    parts[0] === '127' &&
    parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)
  );
}
