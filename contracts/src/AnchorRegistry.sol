// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title AnchorRegistry: where and when a batch of credentials was anchored.
/// @notice Each organisation owns a stream. A batch is one RFC 9162 Merkle root; batches of a stream
/// are numbered from 0 without gaps, so nothing can be dropped, doubled or reordered unseen.
/// @dev No owner, no proxy, no ether, no call to another contract (the SHA-256 precompile excepted).
/// No document, name or personal data belongs here: only roots of salted hashes.
contract AnchorRegistry {
    /// @dev Two slots: everything small, then the head.
    struct Stream {
        address admin;
        uint48 count;
        uint48 lastBlock;
        bytes32 head;
    }

    /// @dev One slot. `time` is never 0 for an anchored root, whatever its number.
    struct Entry {
        uint64 seq;
        uint64 time;
        uint64 blockNumber;
        uint64 size;
    }

    /// @dev One slot. `time` is never 0 for a revoked leaf.
    struct Revocation {
        uint64 time;
        uint8 reason;
    }

    /// @notice A stream was opened.
    event StreamOpened(bytes32 indexed stream, address indexed admin);

    /// @notice The administrator of a stream was replaced.
    event AdminSet(bytes32 indexed stream, address indexed admin);

    /// @notice A writer may anchor until `validUntil` (seconds since 1970, inclusive; 0 = no longer).
    event WriterSet(bytes32 indexed stream, address indexed writer, uint64 validUntil);

    /// @notice A batch was anchored.
    /// @param head the running head after this batch
    /// @param prevBlock the block of the batch before it, 0 for the first: walk history without a scan
    event Anchored(
        bytes32 indexed stream,
        bytes32 indexed root,
        uint64 indexed seq,
        uint64 size,
        bytes32 head,
        uint64 prevBlock
    );

    /// @notice A leaf was revoked, once and for ever.
    event Revoked(bytes32 indexed stream, bytes32 indexed leaf, uint64 time, uint8 reason);

    /// @notice The stream exists already.
    error AnchorRegistryStreamExists(bytes32 stream);
    /// @notice Only the administrator of the stream may do this.
    error AnchorRegistryNotAdmin(bytes32 stream, address caller);
    /// @notice Only a writer of the stream whose term has not ended may do this.
    error AnchorRegistryNotWriter(bytes32 stream, address caller);
    /// @notice An address of zero can administer nothing.
    error AnchorRegistryNoAdmin();
    /// @notice A batch has at least one leaf and a root that is not zero.
    error AnchorRegistryEmptyBatch();
    /// @notice The next batch of this stream has another number.
    error AnchorRegistryWrongSeq(uint64 expected);
    /// @notice The root is anchored already, with another number of leaves.
    error AnchorRegistrySizeDiffers(uint64 anchoredSize);

    mapping(bytes32 stream => Stream) private _streams;
    mapping(bytes32 stream => mapping(address writer => uint64 validUntil)) private _writers;
    mapping(bytes32 stream => mapping(bytes32 root => Entry)) private _entries;
    mapping(bytes32 stream => mapping(bytes32 leaf => Revocation)) private _revocations;

    /// @notice Open a stream. Its identifier is keccak256(abi.encode(caller, salt)), so nobody can
    /// take the identifier of another.
    /// @param salt any value, unique for the caller
    /// @param admin who names the writers; should be another key than the writer's
    /// @return stream the identifier
    function openStream(bytes32 salt, address admin) external returns (bytes32 stream) {
        if (admin == address(0)) revert AnchorRegistryNoAdmin();
        stream = keccak256(abi.encode(msg.sender, salt));
        if (_streams[stream].admin != address(0)) revert AnchorRegistryStreamExists(stream);
        _streams[stream].admin = admin;
        emit StreamOpened(stream, admin);
    }

    /// @notice Hand the administration of a stream to another address. Only the administrator may.
    /// @param stream the identifier
    /// @param admin the next administrator
    function setAdmin(bytes32 stream, address admin) external {
        _checkAdmin(stream);
        if (admin == address(0)) revert AnchorRegistryNoAdmin();
        _streams[stream].admin = admin;
        emit AdminSet(stream, admin);
    }

    /// @notice Let an address anchor until a moment, or end its term. Only the administrator may.
    /// @param stream the identifier
    /// @param writer the address
    /// @param validUntil seconds since 1970, inclusive; 0 ends the term
    function setWriter(bytes32 stream, address writer, uint64 validUntil) external {
        _checkAdmin(stream);
        _writers[stream][writer] = validUntil;
        emit WriterSet(stream, writer, validUntil);
    }

    /// @notice Anchor a batch. Only a writer may. Sending the same batch again changes nothing and
    /// returns its first number, so a lost answer can always be asked again.
    /// @param stream the identifier
    /// @param root the RFC 9162 SHA-256 root of the batch
    /// @param size the number of leaves
    /// @param seq the number of the batch: how many batches the stream has so far
    /// @return the number under which the root is anchored
    function anchor(bytes32 stream, bytes32 root, uint64 size, uint64 seq) external returns (uint64) {
        _checkWriter(stream);
        Entry storage entry = _entries[stream][root];
        if (entry.time != 0) {
            if (entry.size != size) revert AnchorRegistrySizeDiffers(entry.size);
            return entry.seq;
        }
        if (root == 0 || size == 0) revert AnchorRegistryEmptyBatch();
        Stream storage s = _streams[stream];
        if (seq != s.count) revert AnchorRegistryWrongSeq(s.count);
        uint64 prevBlock = s.lastBlock;
        bytes32 head = sha256(abi.encode(s.head, root, size, seq));
        _entries[stream][root] = Entry(seq, uint64(block.timestamp), uint64(block.number), size);
        s.count = uint48(seq + 1);
        s.lastBlock = uint48(block.number);
        s.head = head;
        emit Anchored(stream, root, seq, size, head, prevBlock);
        return seq;
    }

    /// @notice Revoke leaves at once, without waiting for a status list. Administrator or writer may.
    /// The first revocation of a leaf stands: time and reason never change.
    /// @param stream the identifier
    /// @param leaves the 32 byte leaf data, as in `verify`
    /// @param reason a number of the issuer's own list
    function revoke(bytes32 stream, bytes32[] calldata leaves, uint8 reason) external {
        if (_streams[stream].admin != msg.sender) _checkWriter(stream);
        uint64 time = uint64(block.timestamp);
        for (uint256 i = 0; i < leaves.length; ++i) {
            Revocation storage revoked = _revocations[stream][leaves[i]];
            if (revoked.time != 0) continue;
            revoked.time = time;
            revoked.reason = reason;
            emit Revoked(stream, leaves[i], time, reason);
        }
    }

    /// @notice What is known of a root. All zero when it is not anchored in this stream.
    /// @param stream the identifier
    /// @param root the root of the batch
    /// @return seq the number of the batch
    /// @return time the time of its block, seconds since 1970; 0 = not anchored
    /// @return blockNumber its block
    /// @return size its number of leaves
    function anchored(bytes32 stream, bytes32 root)
        external
        view
        returns (uint64 seq, uint64 time, uint64 blockNumber, uint64 size)
    {
        Entry storage entry = _entries[stream][root];
        return (entry.seq, entry.time, entry.blockNumber, entry.size);
    }

    /// @notice The state of a stream. All zero when there is none.
    /// @param stream the identifier
    /// @return admin its administrator
    /// @return count its number of batches, which is the number of the next one
    /// @return lastBlock the block of its newest batch
    /// @return head SHA-256 over (previous head, root, size, seq) of its newest batch
    function streamOf(bytes32 stream)
        external
        view
        returns (address admin, uint64 count, uint64 lastBlock, bytes32 head)
    {
        Stream storage s = _streams[stream];
        return (s.admin, s.count, s.lastBlock, s.head);
    }

    /// @notice Until when an address may anchor.
    /// @param stream the identifier
    /// @param writer the address
    /// @return validUntil seconds since 1970, inclusive; 0 = it may not
    function writerUntil(bytes32 stream, address writer) external view returns (uint64 validUntil) {
        return _writers[stream][writer];
    }

    /// @notice Whether and when a leaf was revoked.
    /// @param stream the identifier
    /// @param leaf the 32 byte leaf data
    /// @return time seconds since 1970; 0 = not revoked
    /// @return reason a number of the issuer's own list
    function revocation(bytes32 stream, bytes32 leaf) external view returns (uint64 time, uint8 reason) {
        Revocation storage revoked = _revocations[stream][leaf];
        return (revoked.time, revoked.reason);
    }

    /// @notice When a leaf was anchored, checked by its inclusion proof (RFC 9162 section 2.1.3.2).
    /// @dev The size comes from storage: a caller who could choose it could choose the shape of the
    /// tree. The leaf is hashed with the 0x00 prefix here, so an inner node cannot pass for a leaf.
    /// @param stream the identifier
    /// @param root the root of the batch
    /// @param leaf the 32 byte leaf data, before the leaf hash
    /// @param index the position of the leaf, from 0
    /// @param path the inclusion path, from the leaf up
    /// @return time seconds since 1970; 0 = not anchored, not included, or revoked
    function verify(bytes32 stream, bytes32 root, bytes32 leaf, uint64 index, bytes32[] calldata path)
        external
        view
        returns (uint64 time)
    {
        Entry storage entry = _entries[stream][root];
        if (entry.time == 0 || index >= entry.size) return 0;
        if (_revocations[stream][leaf].time != 0) return 0;
        if (_rootOf(leaf, index, entry.size, path) != root) return 0;
        return entry.time;
    }

    /// @dev The root a path leads to, or 0 when the path has the wrong length for the tree.
    function _rootOf(bytes32 leaf, uint64 index, uint64 size, bytes32[] calldata path)
        private
        pure
        returns (bytes32 hash)
    {
        uint64 last = size - 1;
        hash = sha256(abi.encodePacked(bytes1(0x00), leaf));
        for (uint256 i = 0; i < path.length; ++i) {
            if (last == 0) return 0;
            if (index & 1 == 1 || index == last) {
                hash = sha256(abi.encodePacked(bytes1(0x01), path[i], hash));
                while (index & 1 == 0 && index != 0) {
                    index >>= 1;
                    last >>= 1;
                }
            } else {
                hash = sha256(abi.encodePacked(bytes1(0x01), hash, path[i]));
            }
            index >>= 1;
            last >>= 1;
        }
        if (last != 0) return 0;
    }

    function _checkAdmin(bytes32 stream) private view {
        if (_streams[stream].admin != msg.sender) revert AnchorRegistryNotAdmin(stream, msg.sender);
    }

    function _checkWriter(bytes32 stream) private view {
        if (_writers[stream][msg.sender] < block.timestamp) {
            revert AnchorRegistryNotWriter(stream, msg.sender);
        }
    }
}
