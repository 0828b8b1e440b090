// Cairn's stores under the interfaces that js libraries of the IPFS world take.
export { asBlockstore, type BlockstoreSettings } from './blockstore.ts'
export { asDatastore, type DatastoreSettings } from './datastore.ts'
export { heliaPins } from './helia-pins.ts'
