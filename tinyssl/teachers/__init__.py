"""Frozen teachers."""

from tinyssl.teachers.base import Teacher, TeacherInfo, TeacherOutput

__all__ = ["Teacher", "TeacherInfo", "TeacherOutput"]
