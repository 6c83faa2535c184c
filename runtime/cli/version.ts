/** Which docker client this one behaves as; its output is compared with that one's, byte for byte. */
export const CLIENT_VERSION = "28.2.2";
export const CLIENT_COMMIT = "e6534b4";
