/** The smaller of the two builds in the package `tweetnacl`, as far as it is used here. */
declare module "tweetnacl/nacl.js" {
  const nacl: { readonly scalarMult: { base(secretKey: Uint8Array): Uint8Array } };
  export default nacl;
}
