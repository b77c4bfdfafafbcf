// A change of a message that the server refused: said for a moment.
import { useEffect, useState } from 'preact/hooks';
import { useClient } from './hooks';

const SHOWN_MS = 6_000;

/** The code of the last one in `conv`, for as long as it is said. */
export function useRefused(conv: string): string | undefined {
  const client = useClient();
  const [code, setCode] = useState<string>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const off = client.on('refused', (r) => {
      if (r.item.conv !== conv) return;
      setCode(r.code);
      clearTimeout(timer);
      timer = setTimeout(() => setCode(undefined), SHOWN_MS);
    });
    return () => {
      clearTimeout(timer);
      off();
    };
  }, [client, conv]);
  return code;
}
