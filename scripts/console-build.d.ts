/** Makes the console in `unfinished` the one in `folder`, which holds a whole console at every moment. */
export declare function putInPlace(unfinished: string, folder: string): Promise<void>;
