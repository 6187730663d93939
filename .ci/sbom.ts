/** `deno task sbom`: what ships as a CycloneDX 1.6 bill of materials. The same lock file gives the same bytes. */
import * as CDX from "@cyclonedx/cyclonedx-library";
import { PackageURL } from "packageurl-js";
import satisfies from "spdx-satisfies";
import { type Package, shippedPackages } from "./packages.ts";

const { Enums, Models, Serialize, Spec } = CDX;

/**
 * The bill of materials of the repository: each package with its version, address, SHA-512, licence and what it needs.
 *
 * @param root of the repository, its packages installed
 * @returns JSON text
 */
export async function sbomOf(root: string): Promise<string> {
  const { name, version, license }: Record<"name" | "version" | "license", string> = JSON.parse(
    await Deno.readTextFile(`${root}/deno.json`),
  );
  const { packages, direct } = await shippedPackages(root);
  const components = new Map([...packages].map(([key, entry]) => [key, componentOf(entry)]));
  for (const [key, { needs }] of packages) {
    for (const need of needs) components.get(key)!.dependencies.add(components.get(need)!.bomRef);
  }
  const blade = new Models.Component(Enums.ComponentType.Application, name, {
    version,
    bomRef: `${name}@${version}`,
    licenses: new Models.LicenseRepository([new Models.SpdxLicense(license)]),
  });
  for (const key of direct) blade.dependencies.add(components.get(key)!.bomRef);
  const bom = new Models.Bom({
    metadata: new Models.Metadata({ component: blade }),
    components: new Models.ComponentRepository(components.values()),
  });
  const factory = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  const serializer = new Serialize.JsonSerializer(factory);
  return serializer.serialize(bom, { sortLists: true, space: 2 }) + "\n";
}

function componentOf({ name, version, integrity, licence }: Package) {
  const [group, own] = name.includes("/") ? name.split("/") as [string, string] : [undefined, name];
  const purl = new PackageURL("npm", group, own, version, undefined, undefined).toString();
  return new Models.Component(Enums.ComponentType.Library, own, {
    version,
    purl,
    bomRef: purl,
    scope: Enums.ComponentScope.Required,
    hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-512"], sha512Of(integrity)]]),
    licenses: new Models.LicenseRepository(licence === null ? [] : [LICENCES.makeFromString(licence)]),
    ...(group === undefined ? {} : { group }),
  });
}

const LICENCES = new CDX.Contrib.License.Factories.LicenseFactory((text: string) => {
  satisfies(text, ["MIT"]);
});

/** `sha512-BASE64` as CycloneDX wants it, hexadecimal. */
function sha512Of(integrity: string): string {
  const [, base64] = /^sha512-([\w+/]+=*)$/.exec(integrity) ?? [];
  if (base64 === undefined) throw new Error(`${integrity} is no SHA-512`);
  return Uint8Array.fromBase64(base64).toHex();
}

if (import.meta.main) {
  const [path = "runs/sbom.cdx.json"] = Deno.args;
  const text = await sbomOf(".");
  if (path.startsWith("runs/")) await Deno.mkdir("runs", { recursive: true });
  await Deno.writeTextFile(path, text);
  console.log(`sbom: ${JSON.parse(text).components.length} packages written to ${path}`);
}
