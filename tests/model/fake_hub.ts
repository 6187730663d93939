/** A server on this machine that answers as the Hugging Face hub does, for one model. */
import { createHash } from "node:crypto";

/** What the fake hub was asked, and by whom. */
export interface FakeHub extends AsyncDisposable {
  readonly url: string;
  /** Address of the second server, which large files are sent from. */
  readonly cdn: string;
  /** `GET /api/…`, in order; the second server's begin with `cdn`. */
  readonly requests: string[];
  /** Authorization of each request. */
  readonly tokens: (string | null)[];
}

/** What the fake hub has. */
export interface FakeModel {
  readonly files: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>;
  /** What `main` means. */
  readonly commit: string;
  /** Answers in place of the hub where it gives a response. */
  readonly answer?: (request: Request, url: URL) => Response | undefined;
}

const MODEL = "org/name";

/** Starts it. Files of safetensors are large ones: in LFS, and at the second server. */
export function fakeHub({ files, commit, answer }: FakeModel): FakeHub {
  const [requests, tokens]: [string[], (string | null)[]] = [[], []];
  const bytesOf = (name: string) => {
    const content = files[name]!;
    return typeof content === "string" ? new TextEncoder().encode(content) : content;
  };
  const isLarge = (name: string) => name.endsWith(".safetensors");
  const note = (request: Request, prefix = "") => {
    const url = new URL(request.url);
    requests.push(`${prefix}${request.method} ${url.pathname}`);
    tokens.push(request.headers.get("authorization"));
    return url;
  };
  const serve = (handler: (request: Request) => Response | Promise<Response>) =>
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  const addressOf = ({ addr }: Deno.HttpServer<Deno.NetAddr>) => `http://${addr.hostname}:${addr.port}`;
  const missing = (code: string) =>
    Response.json({ error: `${code} of ${MODEL}` }, { status: 404, headers: { "X-Error-Code": code } });

  const cdn = serve((request) => {
    const url = note(request, "cdn ");
    return answer?.(request, url) ?? new Response(bytesOf(url.pathname.slice(1)));
  });
  const hub = serve(async (request) => {
    const url = note(request);
    const answered = answer?.(request, url);
    if (answered !== undefined) return answered;
    const path = decodeURIComponent(url.pathname);
    if (path === `/api/models/${MODEL}/revision/main`) {
      return Response.json({ _id: "1", id: MODEL, sha: commit, lastModified: "2026-01-01T00:00:00.000Z" });
    }
    if (path === `/api/models/${MODEL}/paths-info/${commit}`) {
      const { paths }: { paths: string[] } = await request.json();
      return Response.json(
        paths.filter((name) => Object.hasOwn(files, name)).map((path) => {
          const bytes = bytesOf(path);
          const git = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
          const sha256 = createHash("sha256").update(bytes).digest("hex");
          const large = {
            oid: "0".repeat(40),
            lfs: { oid: sha256, size: bytes.length, pointerSize: 130 },
            xetHash: "1",
          };
          return { type: "file", path, size: bytes.length, ...(isLarge(path) ? large : { oid: git }) };
        }),
      );
    }
    const name = path.replace(`/${MODEL}/resolve/${commit}/`, "");
    if (!Object.hasOwn(files, name)) {
      return missing(path.startsWith("/api") ? "RevisionNotFound" : "EntryNotFound");
    }
    return isLarge(name) ? Response.redirect(`${addressOf(cdn)}/${name}`) : new Response(bytesOf(name));
  });
  return {
    url: addressOf(hub),
    cdn: addressOf(cdn),
    requests,
    tokens,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([hub.shutdown(), cdn.shutdown()]);
    },
  };
}
