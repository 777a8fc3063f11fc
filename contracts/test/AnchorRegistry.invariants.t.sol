// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AnchorRegistry} from "../src/AnchorRegistry.sol";
import {VM} from "./Vm.sol";

/// @title Everybody who may call the registry, doing it in any order; remembers what should be true afterwards.
contract Crowd {
    struct Batch {
        bytes32 root;
        uint64 size;
    }

    AnchorRegistry public immutable registry;
    bytes32 public immutable stream;
    Batch[] private batches;
    bytes32[] private revoked;
    mapping(bytes32 leaf => uint64) public revokedAt;

    constructor() {
        registry = new AnchorRegistry();
        stream = registry.openStream(0, address(this));
        registry.setWriter(stream, address(this), type(uint64).max);
    }

    /// Two writers with one key: the number and the root are whatever they believe.
    function anchor(uint8 word, uint8 size, uint8 seq) external {
        bytes32 root = keccak256(abi.encode(word % 64));
        try registry.anchor(stream, root, size, seq) returns (uint64 number) {
            if (number == batches.length) batches.push(Batch(root, size));
        } catch {}
    }

    /// The honest writer: the next number, sometimes with a lost answer and a second try.
    function anchorNext(uint8 word, uint8 size, bool twice) external {
        bytes32 root = keccak256(abi.encode(word));
        (, uint64 time,,) = state(root);
        if (size == 0 || time != 0) return;
        uint64 seq = uint64(batches.length);
        for (uint256 i = 0; i < (twice ? 2 : 1); ++i) {
            require(registry.anchor(stream, root, size, seq) == seq, "another number");
        }
        batches.push(Batch(root, size));
    }

    function revoke(uint8 word, uint8 reason) external {
        bytes32[] memory leaves = new bytes32[](1);
        leaves[0] = keccak256(abi.encode("leaf", word));
        registry.revoke(stream, leaves, reason);
        if (revokedAt[leaves[0]] == 0) {
            revokedAt[leaves[0]] = uint64(block.timestamp);
            revoked.push(leaves[0]);
        }
    }

    function stranger(address caller, uint8 word) external {
        if (caller == address(this)) return;
        VM.prank(caller);
        try registry.anchor(stream, keccak256(abi.encode(word)), 1, uint64(batches.length)) {
            revert("a stranger anchored");
        } catch {}
        VM.prank(caller);
        try registry.setWriter(stream, caller, type(uint64).max) {
            revert("a stranger named a writer");
        } catch {}
    }

    function pass(uint16 seconds_) external {
        VM.warp(block.timestamp + seconds_ + 1);
        VM.roll(block.number + 1);
    }

    function state(bytes32 root) public view returns (uint64, uint64, uint64, uint64) {
        return registry.anchored(stream, root);
    }

    function list() external view returns (Batch[] memory) {
        return batches;
    }

    function revocations() external view returns (bytes32[] memory) {
        return revoked;
    }
}

/// @title What holds after any sequence of calls.
contract AnchorRegistryInvariants {
    Crowd private crowd;

    function setUp() public {
        VM.warp(1_780_000_000);
        crowd = new Crowd();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(crowd);
    }

    /// Every batch has its own number, in order, and keeps the size it was given.
    function invariant_nothing_is_lost_doubled_or_moved() external view {
        Crowd.Batch[] memory batches = crowd.list();
        for (uint64 i = 0; i < batches.length; ++i) {
            (uint64 seq, uint64 time,, uint64 size) = crowd.state(batches[i].root);
            require(seq == i && time != 0 && size == batches[i].size, "moved");
        }
    }

    /// Count and head are those of the list, so who folds the list learns whether anything is missing.
    function invariant_the_head_is_the_fold_of_the_list() external view {
        Crowd.Batch[] memory batches = crowd.list();
        bytes32 head;
        for (uint64 i = 0; i < batches.length; ++i) {
            head = sha256(abi.encode(head, batches[i].root, batches[i].size, i));
        }
        (, uint64 count,, bytes32 told) = crowd.registry().streamOf(crowd.stream());
        require(count == batches.length && told == head, "another head");
    }

    /// The first revocation of a leaf stands for ever.
    function invariant_revocations_never_change() external view {
        bytes32[] memory leaves = crowd.revocations();
        for (uint256 i = 0; i < leaves.length; ++i) {
            (uint64 time,) = crowd.registry().revocation(crowd.stream(), leaves[i]);
            require(time == crowd.revokedAt(leaves[i]), "changed");
        }
    }

    /// The registry never owns ether: nothing in it can be stolen.
    function invariant_it_owns_nothing() external view {
        require(address(crowd.registry()).balance == 0, "ether");
    }
}
