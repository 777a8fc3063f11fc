// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AnchorRegistry} from "../src/AnchorRegistry.sol";
import {Tree} from "./Tree.sol";
import {VM, Vm} from "./Vm.sol";

/// @title What every function does and refuses, and the same for whatever a fuzzer thinks of.
contract AnchorRegistryTest {
    address private constant ADMIN = address(0xA1);
    address private constant WRITER = address(0xB2);
    address private constant STRANGER = address(0xC3);
    bytes32 private constant ROOT = keccak256("root");
    uint64 private constant NOW = 1_780_000_000;

    AnchorRegistry private registry;
    bytes32 private stream;

    function setUp() public {
        VM.warp(NOW);
        VM.roll(100);
        registry = new AnchorRegistry();
        VM.prank(ADMIN);
        stream = registry.openStream(bytes32(uint256(7)), ADMIN);
        VM.prank(ADMIN);
        registry.setWriter(stream, WRITER, NOW + 1000);
    }

    // Streams

    function test_a_stream_is_named_by_its_opener_and_salt() public view {
        require(stream == keccak256(abi.encode(ADMIN, bytes32(uint256(7)))), "another name");
        (address admin, uint64 count, uint64 lastBlock, bytes32 head) = registry.streamOf(stream);
        require(admin == ADMIN && count == 0 && lastBlock == 0 && head == 0, "not empty");
    }

    function test_a_stream_is_opened_once_and_never_for_nobody() public {
        VM.prank(ADMIN);
        VM.expectRevert(abi.encodeWithSelector(AnchorRegistry.AnchorRegistryStreamExists.selector, stream));
        registry.openStream(bytes32(uint256(7)), STRANGER);
        VM.expectRevert(abi.encodeWithSelector(AnchorRegistry.AnchorRegistryNoAdmin.selector));
        registry.openStream(bytes32(uint256(8)), address(0));
    }

    function testFuzz_nobody_takes_the_stream_of_another(address opener, bytes32 salt) public {
        VM.prank(opener);
        if (opener == ADMIN && salt == bytes32(uint256(7))) return;
        require(registry.openStream(salt, STRANGER) != stream, "taken");
        (address admin,,,) = registry.streamOf(stream);
        require(admin == ADMIN, "another administrator");
    }

    function testFuzz_only_the_administrator_names_administrators_and_writers(address caller) public {
        if (caller == ADMIN) return;
        bytes memory refusal =
            abi.encodeWithSelector(AnchorRegistry.AnchorRegistryNotAdmin.selector, stream, caller);
        VM.prank(caller);
        VM.expectRevert(refusal);
        registry.setAdmin(stream, caller);
        VM.prank(caller);
        VM.expectRevert(refusal);
        registry.setWriter(stream, caller, type(uint64).max);
        require(registry.writerUntil(stream, caller) == (caller == WRITER ? NOW + 1000 : 0), "a term was given");
    }

    function test_the_administration_is_handed_on_and_never_to_nobody() public {
        VM.prank(ADMIN);
        registry.setAdmin(stream, STRANGER);
        (address admin,,,) = registry.streamOf(stream);
        require(admin == STRANGER, "not handed on");
        VM.prank(STRANGER);
        VM.expectRevert(abi.encodeWithSelector(AnchorRegistry.AnchorRegistryNoAdmin.selector));
        registry.setAdmin(stream, address(0));
    }

    // Anchoring

    function testFuzz_an_anchor_is_kept_as_it_was_given(bytes32 root, uint64 size, uint64 later) public {
        if (root == 0) root = ROOT;
        if (size == 0) size = 1;
        VM.warp(NOW + later % 1000);
        VM.recordLogs();
        VM.prank(WRITER);
        require(registry.anchor(stream, root, size, 0) == 0, "another number");
        Vm.Log[] memory logs = VM.getRecordedLogs();
        (uint64 seq, uint64 time, uint64 blockNumber, uint64 kept) = registry.anchored(stream, root);
        require(seq == 0 && time == NOW + later % 1000 && blockNumber == 100 && kept == size, "not kept");
        (, uint64 count, uint64 lastBlock, bytes32 head) = registry.streamOf(stream);
        bytes32 expected = sha256(abi.encode(bytes32(0), root, size, uint64(0)));
        require(count == 1 && lastBlock == 100 && head == expected, "the stream did not follow");
        require(logs.length == 1 && logs[0].topics.length == 4, "another event");
        require(logs[0].topics[0] == AnchorRegistry.Anchored.selector, "another event");
        require(logs[0].topics[1] == stream && logs[0].topics[2] == root && logs[0].topics[3] == 0, "topics");
        require(keccak256(logs[0].data) == keccak256(abi.encode(size, expected, uint64(0))), "data");
    }

    function testFuzz_the_same_batch_again_changes_nothing_whatever_number_it_names(uint64 seq) public {
        VM.prank(WRITER);
        registry.anchor(stream, ROOT, 3, 0);
        (,,, bytes32 before) = registry.streamOf(stream);
        VM.roll(200);
        VM.recordLogs();
        VM.prank(WRITER);
        require(registry.anchor(stream, ROOT, 3, seq) == 0, "another number");
        require(VM.getRecordedLogs().length == 0, "an event");
        (, uint64 count,, bytes32 head) = registry.streamOf(stream);
        require(count == 1 && head == before, "changed");
    }

    function testFuzz_a_known_root_with_another_size_is_refused(uint64 size) public {
        if (size == 3) return;
        VM.prank(WRITER);
        registry.anchor(stream, ROOT, 3, 0);
        VM.prank(WRITER);
        VM.expectRevert(abi.encodeWithSelector(AnchorRegistry.AnchorRegistrySizeDiffers.selector, uint64(3)));
        registry.anchor(stream, ROOT, size, 1);
    }

    function testFuzz_no_number_but_the_next_is_taken(uint64 seq) public {
        if (seq == 1) return;
        VM.prank(WRITER);
        registry.anchor(stream, ROOT, 3, 0);
        VM.prank(WRITER);
        VM.expectRevert(abi.encodeWithSelector(AnchorRegistry.AnchorRegistryWrongSeq.selector, uint64(1)));
        registry.anchor(stream, keccak256("next"), 3, seq);
    }

    function test_a_batch_without_leaves_or_root_is_refused() public {
        bytes memory refusal = abi.encodeWithSelector(AnchorRegistry.AnchorRegistryEmptyBatch.selector);
        VM.prank(WRITER);
        VM.expectRevert(refusal);
        registry.anchor(stream, ROOT, 0, 0);
        VM.prank(WRITER);
        VM.expectRevert(refusal);
        registry.anchor(stream, bytes32(0), 1, 0);
    }

    function testFuzz_only_a_writer_whose_term_runs_anchors(address caller, uint64 time) public {
        VM.warp(time);
        bool may = caller == WRITER && time <= NOW + 1000;
        // A term of 0 has ended, save at the very first second of all.
        if (time == 0) return;
        VM.prank(caller);
        if (!may) {
            VM.expectRevert(
                abi.encodeWithSelector(AnchorRegistry.AnchorRegistryNotWriter.selector, stream, caller)
            );
        }
        registry.anchor(stream, ROOT, 1, 0);
        (, uint64 count,,) = registry.streamOf(stream);
        require(count == (may ? 1 : 0), "anchored by whom?");
    }

    function test_streams_do_not_touch_each_other() public {
        VM.prank(STRANGER);
        bytes32 other = registry.openStream(0, STRANGER);
        VM.prank(WRITER);
        registry.anchor(stream, ROOT, 3, 0);
        (, uint64 time,,) = registry.anchored(other, ROOT);
        require(time == 0, "in another stream too");
        VM.prank(WRITER);
        VM.expectRevert(abi.encodeWithSelector(AnchorRegistry.AnchorRegistryNotWriter.selector, other, WRITER));
        registry.anchor(other, ROOT, 3, 0);
    }

    // Proofs

    function testFuzz_a_leaf_is_proved_at_its_place_and_at_no_other(uint16 size, uint16 index, uint16 other) public {
        size = size % 300 + 1;
        index = index % size;
        bytes32 root = Tree.root(0, size);
        bytes32[] memory path = Tree.path(index, 0, size);
        VM.prank(WRITER);
        registry.anchor(stream, root, size, 0);
        require(registry.verify(stream, root, Tree.leafOf(index), index, path) == NOW, "not proved");
        if (other != index) {
            require(registry.verify(stream, root, Tree.leafOf(index), other, path) == 0, "at another place");
            require(registry.verify(stream, root, Tree.leafOf(other), index, path) == 0, "another leaf");
        }
        require(registry.verify(stream, keccak256("no"), Tree.leafOf(index), index, path) == 0, "another root");
    }

    function testFuzz_a_damaged_path_proves_nothing(uint16 size, uint16 index, uint8 step, uint256 flip) public {
        size = size % 300 + 2;
        index = index % size;
        bytes32 root = Tree.root(0, size);
        bytes32[] memory path = Tree.path(index, 0, size);
        VM.prank(WRITER);
        registry.anchor(stream, root, size, 0);
        bytes32[] memory longer = new bytes32[](path.length + 1);
        bytes32[] memory shorter = new bytes32[](path.length - 1);
        for (uint256 i = 0; i < path.length; ++i) {
            longer[i] = path[i];
            if (i < shorter.length) shorter[i] = path[i];
        }
        require(registry.verify(stream, root, Tree.leafOf(index), index, longer) == 0, "too long");
        require(registry.verify(stream, root, Tree.leafOf(index), index, shorter) == 0, "too short");
        path[step % path.length] ^= bytes32(flip == 0 ? 1 : flip);
        require(registry.verify(stream, root, Tree.leafOf(index), index, path) == 0, "damaged");
    }

    function test_an_inner_node_cannot_pass_for_a_leaf() public {
        bytes32 root = Tree.root(0, 4);
        VM.prank(WRITER);
        registry.anchor(stream, root, 2, 0);
        bytes32[] memory path = new bytes32[](1);
        path[0] = Tree.root(2, 2);
        require(registry.verify(stream, root, Tree.root(0, 2), 0, path) == 0, "a node passed");
    }

    // Revocation

    function testFuzz_the_first_revocation_stands(bytes32 leaf, uint8 reason, uint8 again) public {
        bytes32[] memory leaves = new bytes32[](2);
        (leaves[0], leaves[1]) = (leaf, leaf);
        VM.recordLogs();
        VM.prank(WRITER);
        registry.revoke(stream, leaves, reason);
        require(VM.getRecordedLogs().length == 1, "told twice");
        VM.warp(NOW + 500);
        VM.prank(ADMIN);
        registry.revoke(stream, leaves, again);
        (uint64 time, uint8 kept) = registry.revocation(stream, leaf);
        require(time == NOW && kept == reason, "changed");
    }

    function test_a_revoked_leaf_is_proved_no_more_and_its_neighbour_still_is() public {
        bytes32 root = Tree.root(0, 2);
        VM.prank(WRITER);
        registry.anchor(stream, root, 2, 0);
        bytes32[] memory leaves = new bytes32[](1);
        leaves[0] = Tree.leafOf(0);
        VM.prank(ADMIN);
        registry.revoke(stream, leaves, 1);
        require(registry.verify(stream, root, Tree.leafOf(0), 0, Tree.path(0, 0, 2)) == 0, "still proved");
        require(registry.verify(stream, root, Tree.leafOf(1), 1, Tree.path(1, 0, 2)) == NOW, "neighbour");
    }

    function testFuzz_strangers_revoke_nothing(address caller, bytes32 leaf) public {
        if (caller == ADMIN || caller == WRITER) return;
        bytes32[] memory leaves = new bytes32[](1);
        leaves[0] = leaf;
        VM.prank(caller);
        VM.expectRevert(abi.encodeWithSelector(AnchorRegistry.AnchorRegistryNotWriter.selector, stream, caller));
        registry.revoke(stream, leaves, 1);
        (uint64 time,) = registry.revocation(stream, leaf);
        require(time == 0, "revoked");
    }
}
